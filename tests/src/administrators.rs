//! What administrators do, told through their pages: a rule is written, previewed, countersigned and bites; a
//! clerk is locked in the middle of a day.

use std::time::Instant;

use crate::centres::Centre;
use crate::network::Network;
use crate::page::Page;
use crate::story::{ANSWER_MAX, Step};
use crate::trouble::{Outcome, Trouble, While};
use crate::visitor::Visitor;
use crate::waiting::until;

/// The rule of this story: nobody is given the mobile number any more.
pub const RULE: &str = "dep-no-mobile";
/// The item it is about.
pub const ITEM: &str = "SJHM";

/// The administrators of a department, and who listens to the telling.
pub struct Administrators<'a> {
    network: &'a Network,
    /// Whose accounts and rules.
    pub centre: &'static Centre,
    tell: Box<dyn Fn(&Step) + 'a>,
}

impl<'a> Administrators<'a> {
    /// Those of a department.
    #[must_use]
    pub fn of(network: &'a Network, centre: &'static Centre) -> Self {
        Self { network, centre, tell: Box::new(|_| {}) }
    }

    /// The same, told step by step.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&Step) + 'a) -> Self {
        Self { tell: Box::new(tell), ..self }
    }

    fn step(&self, start: Instant, what: impl Into<String>) {
        let step = Step { what: what.into(), took: start.elapsed(), transaction: None, height: None };
        (self.tell)(&step);
    }

    fn layer(&self) -> String {
        format!("/policies/{}", self.centre.id)
    }

    /// One security administrator writes the rule, sees what it would have changed, and signs it as a draft.
    /// Gives how many past decisions turn.
    ///
    /// # Errors
    /// When a page does not offer the next step.
    pub async fn draft(&self) -> Outcome<u64> {
        let start = Instant::now();
        let first = self.network.signed_in(self.centre, "secadmin").await?;
        let layer = self.layer();
        let page = first.get(&layer).await?;
        let begin = page.form_to(&format!("{layer}/begin")).during("the form that begins a working copy")?;
        fine(&first.submit(&begin).await?)?;
        let form = first.get(&format!("{layer}/row")).await?;
        let form = form.form_to(&format!("{layer}/row")).during("the form of a rule")?;
        let form = form
            .with("id", RULE)
            .with("role", "*")
            .with("requester", "*")
            .with("provider", "*")
            .with("entry_class", "*")
            .with("items", ITEM)
            .with("sensitivity", "*")
            .with("grade_max", "4")
            .with("action", "ask,answer")
            .with("purpose", "*")
            .with("assurance_min", "1")
            .with("hours", "*")
            .with("zones", "*")
            .with("obligations", "")
            .with("effect", "deny");
        fine(&first.submit(&form).await?)?;
        self.step(start, format!("{}: a security administrator writes a rule", self.centre.name_en));

        let start = Instant::now();
        let preview = first.get(&format!("{layer}/preview?version=copy&count=1000")).await?;
        fine(&preview)?;
        let figures: Vec<u64> = preview
            .all(|element| element.has_class("v"))
            .iter()
            .filter_map(|figure| figure.text().replace([',', ' '], "").parse().ok())
            .collect();
        let (judged, turns) = match figures[..] {
            [judged, turns, ..] => (judged, turns),
            _ => return Err(Trouble::new(format!("no figures on {}", preview.text()))),
        };
        self.step(start, format!("previews it: of {judged} past decisions {turns} would turn"));

        let start = Instant::now();
        let page = first.get(&format!("{layer}?version=copy")).await?;
        let form = page.form_to(&format!("{layer}/draft")).during("the form that signs a draft")?;
        fine(&first.submit(&form.with("reason", "手机号不再对外提供（演示）")).await?)?;
        self.step(start, "signs it as a draft");
        Ok(turns)
    }

    /// A second one countersigns it; it only narrows, so it is in force with that block.
    ///
    /// # Errors
    /// When the page does not offer it.
    pub async fn countersign(&self) -> Outcome<()> {
        let start = Instant::now();
        let second = self.network.signed_in(self.centre, "secadmin2").await?;
        let layer = self.layer();
        let page = second.get(&format!("{layer}?version=draft")).await?;
        let form = page.form_to(&format!("{layer}/countersign")).during("the form that countersigns")?;
        fine(&second.submit(&form).await?)?;
        let page = second.get(&layer).await?;
        if !page.text().contains(RULE) {
            return Err(Trouble::new(format!("the rule is not in force: {}", page.text())));
        }
        self.step(start, "a second administrator countersigns it: in force from that block");
        Ok(())
    }

    /// The security administrator locks an account while its officer is signed in; gives where the officer's
    /// next click leads.
    ///
    /// # Errors
    /// When the page does not offer it.
    pub async fn lock(&self, account: &str, signed_in: &Visitor) -> Outcome<String> {
        let start = Instant::now();
        let first = self.network.signed_in(self.centre, "secadmin").await?;
        let name = self.network.layout.account(self.centre, account).name;
        let list = first.get("/staff").await?;
        let links = list.links();
        let found =
            links.iter().find(|(address, text)| address.starts_with("/staff/") && text.contains(&name));
        let (address, _) = found.during(format_args!("{name} on the list of accounts"))?;
        let page = first.get(address).await?;
        let form = page.form_to(&format!("{address}/act")).during("the form of acts")?;
        fine(&first.submit(&form.with("act", "lock").with("reason", "离开窗口未退出（演示）")).await?)?;
        let next = signed_in.get("/queries").await?;
        self.step(
            start,
            format!("{}: {account} is locked; their next click ends at {}", self.centre.name_en, next.url),
        );
        Ok(next.url)
    }

    /// Waits until a query has ended by a rule, and gives its page.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn denied(&self, clerk: &Visitor, query: &str) -> Outcome<Page> {
        let start = Instant::now();
        let path = format!("/queries/{query}");
        let page = until("the denial", ANSWER_MAX, || async {
            let page = clerk.get(&path).await.map_err(|trouble| trouble.to_string())?;
            if page.text().contains(RULE) {
                Ok(page)
            } else {
                Err(format!("{} {}", page.status, page.text()))
            }
        })
        .await?;
        self.step(start, format!("the clerk's next query is denied by {RULE}"));
        Ok(page)
    }
}

fn fine(page: &Page) -> Outcome<()> {
    if page.status == 200 && !page.url.starts_with("/sign-in") {
        return Ok(());
    }
    Err(Trouble::new(format!("{} {}: {}", page.status, page.url, page.text())))
}
