//! The story of one access, told through the doors that people use: find,
//! request, approve, query, read, inspect, verify.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ledger::proof::Evidence;
use ledger::wire::{from_bytes, to_bytes};

use crate::centres::Centre;
use crate::entry;
use crate::network::Network;
use crate::page::{Form, Page};
use crate::people::Person;
use crate::program::{self, Finished};
use crate::trouble::{Outcome, Trouble, While};
use crate::visitor::Visitor;
use crate::waiting::until;

/// Longest time from asking to seeing.
pub const ANSWER_MAX: Duration = Duration::from_secs(60);

/// One thing that was done.
#[derive(Clone, Debug)]
pub struct Step {
    /// What.
    pub what: String,
    /// How long it took.
    pub took: Duration,
    /// The transaction it left.
    pub transaction: Option<String>,
    /// The block that holds it.
    pub height: Option<String>,
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:>7.0} ms  {}", self.took.as_secs_f64() * 1000.0, self.what)?;
        if let Some(transaction) = &self.transaction {
            write!(out, "  tx {transaction}")?;
        }
        if let Some(height) = &self.height {
            write!(out, "  block {height}")?;
        }
        Ok(())
    }
}

/// Who asks whom, and who listens to the telling.
pub struct Story<'a> {
    network: &'a Network,
    /// The department that asks.
    pub requester: &'static Centre,
    /// The department that answers.
    pub provider: &'static Centre,
    tell: Box<dyn Fn(&Step) + 'a>,
}

impl<'a> Story<'a> {
    /// A story that nobody listens to yet.
    #[must_use]
    pub fn new(network: &'a Network, requester: &'static Centre, provider: &'static Centre) -> Self {
        Self { network, requester, provider, tell: Box::new(|_| {}) }
    }

    /// The same story, told step by step.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&Step) + 'a) -> Self {
        Self { tell: Box::new(tell), ..self }
    }

    fn step(&self, start: Instant, what: impl Into<String>, page: Option<&Page>) {
        // A page tells its story downwards: the newest transaction is the last one.
        let link = |prefix| {
            let links = page?.links();
            links.iter().rev().find_map(|(address, _)| Some(address.strip_prefix(prefix)?.to_owned()))
        };
        (self.tell)(&Step {
            what: what.into(),
            took: start.elapsed(),
            transaction: link("/chain/tx/"),
            height: link("/chain/blocks/"),
        });
    }

    /// Everything, from the catalogue to a verified evidence file and a refused forged one. Gives the grant.
    ///
    /// # Errors
    /// The first thing that did not go as it should.
    pub async fn whole(&self, inspectorate: &'static Centre) -> Outcome<String> {
        let request = self.request().await?;
        let grant = self.approve(&request).await?;
        let person = self.network.layout.people_of(self.provider).into_iter().next().during("a person")?;
        let query = self.ask(&grant, &person, "GJJ-2026-000001").await?;
        self.answered(&query).await?;
        let evidence = self.inspect(inspectorate, &query).await?;
        self.verified(&evidence).await?;
        Ok(grant)
    }

    /// The requester's operator finds the provider's entry and requests access to all its items; its lead
    /// countersigns.
    ///
    /// # Errors
    /// When a page does not offer the next step.
    pub async fn request(&self) -> Outcome<String> {
        let start = Instant::now();
        let operator = self.network.signed_in(self.requester, "operator").await?;
        self.step(start, format!("{}: the operator signs in", self.requester.name_en), None);
        let lead = self.network.signed_in(self.requester, "lead").await?;
        self.request_as(&operator, &lead).await
    }

    /// The address of the provider's entry, as soon as a search finds it: departments publish what they
    /// provide after they have begun to run.
    async fn found_by(&self, operator: &Visitor) -> Outcome<String> {
        let search = format!("/catalogue?q=%E7%BC%B4%E5%AD%98&dept={}", self.provider.id);
        until("an entry in the catalogue", ANSWER_MAX, || async {
            let found = operator.get(&search).await.map_err(|trouble| trouble.to_string())?;
            found.link_to("/catalogue/entry?code=").ok_or_else(|| found.text())
        })
        .await
    }

    /// The same with an operator and a lead who signed in already.
    ///
    /// # Errors
    /// When a page does not offer the next step.
    pub async fn request_as(&self, operator: &Visitor, lead: &Visitor) -> Outcome<String> {
        let start = Instant::now();
        let entry = operator.get(&self.found_by(operator).await?).await?;
        self.step(start, "finds the entry in the catalogue", Some(&entry));

        let start = Instant::now();
        let form = entry.link_to("/requests/new").during("the entry's link to a request")?;
        let form = operator.get(&form).await?.form_to("/requests").during("the request form")?;
        let items: Vec<String> = form.choices.get("items").cloned().unwrap_or_default();
        let form = form
            .with("purpose", entry::PURPOSE)
            .with("basis", entry::BASIS)
            .with("quota", "10000")
            .with_all("items", &items);
        let drafted = operator.submit(&form).await?;
        let step = id_in(&drafted, "/countersign/")?;
        self.step(start, "drafts a request, which waits for a second person", None);
        let start = Instant::now();
        let page = self.countersign(lead, &step).await?;
        let id = id_in(&page, "/requests/")?;
        self.step(start, format!("{}: the lead countersigns it", self.requester.name_en), Some(&page));
        Ok(id)
    }

    /// A second person finds a step among those that wait and countersigns it.
    ///
    /// # Errors
    /// When the page does not offer it.
    pub async fn countersign(&self, second: &Visitor, step: &str) -> Outcome<Page> {
        let list = second.get("/countersign").await?;
        let address = format!("/countersign/{step}");
        if list.link_to(&address).is_none() {
            return Err(Trouble::new(format!("{step} does not wait: {} {}", list.status, list.text())));
        }
        let page = second.get(&address).await?;
        let form = page.form_to("/sign").during(format_args!("a step to countersign on {}", page.text()))?;
        second.submit(&form).await
    }

    /// The provider's approver grants a request as it was asked, and its lead countersigns.
    ///
    /// # Errors
    /// When the page does not offer it.
    pub async fn approve(&self, request: &str) -> Outcome<String> {
        let start = Instant::now();
        let approver = self.network.signed_in(self.provider, "approver").await?;
        let path = format!("/requests/{request}");
        let form = until("the request at its provider", ANSWER_MAX, || async {
            let page = approver.get(&path).await.map_err(|trouble| trouble.to_string())?;
            page.form_to("/approve").ok_or_else(|| format!("{} {}", page.status, page.text()))
        })
        .await?;
        let step = id_in(&approver.submit(&form).await?, "/countersign/")?;
        self.step(start, format!("{}: the approver drafts a grant", self.provider.name_en), None);
        let start = Instant::now();
        let lead = self.network.signed_in(self.provider, "lead").await?;
        let page = self.countersign(&lead, &step).await?;
        let grant = match id_in(&page, "/grants/") {
            Ok(id) => id,
            Err(_) => link_id(&page, "/grants/").during(format_args!("a grant on {}", page.text()))?,
        };
        self.step(start, format!("{}: the lead countersigns it", self.provider.name_en), Some(&page));
        Ok(grant)
    }

    /// The requester's clerk asks about a person.
    ///
    /// # Errors
    /// When the page does not offer it.
    pub async fn ask(&self, grant: &str, person: &Person, case: &str) -> Outcome<String> {
        let start = Instant::now();
        let clerk = self.network.signed_in(self.requester, "clerk").await?;
        let path = format!("/grants/{grant}/query");
        let id = self.ask_as(&clerk, &path, person, case).await?;
        self.step(start, format!("{}: the clerk asks about a person", self.requester.name_en), None);
        Ok(id)
    }

    /// The same with a clerk who signed in already; `path` is the form's page.
    ///
    /// # Errors
    /// When the page does not offer it.
    pub async fn ask_as(&self, clerk: &Visitor, path: &str, person: &Person, case: &str) -> Outcome<String> {
        let form = until("the query form", ANSWER_MAX, || async {
            let page = clerk.get(path).await.map_err(|trouble| trouble.to_string())?;
            page.form_to("/query").ok_or_else(|| format!("{} {}", page.status, page.text()))
        })
        .await?;
        let page = clerk.submit(&query(form, person, case)).await?;
        id_in(&page, "/queries/")
    }

    /// Waits until the clerk sees the answer; gives the page with the rows.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn answered(&self, query: &str) -> Outcome<Page> {
        let start = Instant::now();
        let clerk = self.network.signed_in(self.requester, "clerk").await?;
        let page = self.answered_to(&clerk, query).await?;
        self.step(start, "sees the answer, masked by rule, with its receipt", Some(&page));
        Ok(page)
    }

    /// The same with a clerk who signed in already.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn answered_to(&self, clerk: &Visitor, query: &str) -> Outcome<Page> {
        let path = format!("/queries/{query}");
        until("the answer", ANSWER_MAX, || async {
            let page = clerk.get(&path).await.map_err(|trouble| trouble.to_string())?;
            if is_open(&page) { Ok(page) } else { Err(format!("{} {}", page.status, page.text())) }
        })
        .await
    }

    /// Two inspectors open an inspection of everybody's sharing, or find one open: the one proposes, the other
    /// countersigns. Gives the first, signed in, and the inspection's page.
    ///
    /// # Errors
    /// When a page does not offer the next step.
    pub async fn inspection(&self, inspectorate: &'static Centre) -> Outcome<(Visitor, String)> {
        let start = Instant::now();
        let inspector = self.network.signed_in(inspectorate, "inspector").await?;
        let log = inspector.get("/log").await?;
        if let Some(open) = log.links().into_iter().find_map(|(address, _)| inspection_at(&address)) {
            return Ok((inspector, open));
        }
        let form = inspector.get("/inspections/new").await?;
        let form = form.form_to("/inspections").during("the form of an inspection")?;
        let form = form
            .with("purpose", "03")
            .with("file_no", "JC-DEMO-0001")
            .with("warrant_no", "WARRANT-DEMO-0001")
            .with("scope", "all")
            .with("reason", "demo");
        let page = inspector.submit(&form).await?;
        let case = format!("/inspections/{}", id_in(&page, "/inspections/")?);
        self.step(start, format!("{}: an inspector proposes an inspection", inspectorate.name_en), None);
        let start = Instant::now();
        let chief = self.network.signed_in(inspectorate, "chief").await?;
        let form = chief.get(&case).await?.form_to("/countersign").during("the countersignature's form")?;
        let page = chief.submit(&form).await?;
        if page.status != 200 || page.link_to("/chain/tx/").is_none() {
            return Err(Trouble::new(format!("the inspection: {} {}", page.status, page.text())));
        }
        self.step(start, "a second inspector countersigns it", Some(&page));
        Ok((inspector, case))
    }

    /// An inspector finds the record in the log and downloads its evidence; the provider finds the look.
    ///
    /// # Errors
    /// When the log does not show it or the evidence cannot be had.
    pub async fn inspect(&self, inspectorate: &'static Centre, query: &str) -> Outcome<Vec<u8>> {
        let (inspector, case) = self.inspection(inspectorate).await?;
        let start = Instant::now();
        let record = format!("/receipts/{query}");
        until("the record in the inspector's log", ANSWER_MAX, || async {
            let page = inspector.get("/log").await.map_err(|trouble| trouble.to_string())?;
            page.link_to(&record).ok_or_else(|| page.text())
        })
        .await?;
        self.step(start, format!("{}: the inspector finds the record", inspectorate.name_en), None);
        let start = Instant::now();
        let page = inspector.get(&record).await?;
        if page.status != 200 {
            return Err(Trouble::new(format!("the record's page: {} {}", page.status, page.text())));
        }
        self.step(start, "opens the record: both signatures, proof, rules then in force", None);
        let start = Instant::now();
        let (status, evidence) = inspector.download(&format!("{record}/evidence")).await?;
        if status != 200 {
            return Err(Trouble::new(format!("the evidence: status {status}")));
        }
        self.step(start, format!("downloads the evidence ({} bytes)", evidence.len()), None);
        self.looked_at(&record, &case).await?;
        Ok(evidence)
    }

    /// The provider's approver finds on the record's page that the inspection looked at it.
    ///
    /// # Errors
    /// When the page does not say so.
    async fn looked_at(&self, record: &str, case: &str) -> Outcome<()> {
        let start = Instant::now();
        let approver = self.network.signed_in(self.provider, "approver").await?;
        until("the look at its provider", ANSWER_MAX, || async {
            let page = approver.get(record).await.map_err(|trouble| trouble.to_string())?;
            page.link_to(case).ok_or_else(|| page.text())
        })
        .await?;
        let page = approver.get(case).await?;
        if page.status != 200 || page.link_to(record).is_none() {
            return Err(Trouble::new(format!("the inspection at its provider: {}", page.text())));
        }
        self.step(start, format!("{}: finds that it was looked at", self.provider.name_en), Some(&page));
        Ok(())
    }

    /// `zhenglian verify` accepts the evidence, and refuses it with one byte changed.
    ///
    /// # Errors
    /// When it does not.
    pub async fn verified(&self, evidence: &[u8]) -> Outcome<()> {
        let start = Instant::now();
        let whole = self.verify(evidence, "evidence.zlproof").await?;
        if whole.code != 0 {
            return Err(Trouble::new(format!("true evidence was refused: {}{}", whole.out, whole.err)));
        }
        let told: serde_json::Value = serde_json::from_str(&whole.out).during("what verify printed")?;
        let proven = &told["proven"];
        let text = |value: &serde_json::Value| value.as_str().map(ToOwned::to_owned);
        (self.tell)(&Step {
            what: format!("zhenglian verify, offline: {}", text(&proven["sentence"]).unwrap_or_default()),
            took: start.elapsed(),
            transaction: text(&proven["recorded"]["tx"]),
            height: Some(proven["recorded"]["height"].to_string()),
        });
        let start = Instant::now();
        // Inside the receipt: most of the file is genesis, where every change shows at the trust root.
        let file: Evidence = from_bytes(evidence).during("reading the evidence")?;
        let receipt = to_bytes(&file.record.signed);
        let at = evidence.windows(receipt.len()).position(|part| part == receipt);
        let mut forged = evidence.to_vec();
        forged[at.during("the receipt in its evidence")? + receipt.len() / 2] ^= 1;
        let refused = self.verify(&forged, "forged.zlproof").await?;
        if refused.code != 3 {
            return Err(Trouble::new(format!(
                "forged evidence ended with {}: {}",
                refused.code, refused.out
            )));
        }
        let told: serde_json::Value = serde_json::from_str(&refused.out).during("what verify printed")?;
        let step = text(&told["failed_step"]).unwrap_or_default();
        self.step(start, format!("with one byte of the receipt changed: refused at {step}"), None);
        Ok(())
    }

    async fn verify(&self, evidence: &[u8], name: &str) -> Outcome<Finished> {
        let path: PathBuf = self.network.layout.dir.join(name);
        std::fs::write(&path, evidence).during(path.display())?;
        let root = self.network.layout.root()?;
        let finished = program::finish(program::command(&[
            "verify",
            "--json",
            "--second-opinion",
            "--root",
            &root,
            &path.display().to_string(),
        ])?)
        .await?;
        std::fs::remove_file(&path).during(path.display())?;
        Ok(finished)
    }
}

/// The address of an inspection, if this is one.
fn inspection_at(address: &str) -> Option<String> {
    address.strip_prefix("/inspections/").filter(|id| is_id(id)).map(|_| address.to_owned())
}

/// Whether a query's page shows the opened answer.
#[must_use]
pub fn is_open(page: &Page) -> bool {
    page.status == 200 && !page.all(|element| element.has_class("sheet")).is_empty()
}

/// The id in the page's own address.
fn id_in(page: &Page, prefix: &str) -> Outcome<String> {
    let id = page.url.strip_prefix(prefix).map(|rest| rest.split(['/', '?']).next().unwrap_or(rest));
    match id {
        Some(id) if is_id(id) => Ok(id.to_owned()),
        _ => Err(Trouble::new(format!("not at {prefix}…: {} {} {}", page.status, page.url, page.text()))),
    }
}

/// The id in the first link of the page that starts with `prefix` and ends in one.
fn link_id(page: &Page, prefix: &str) -> Option<String> {
    page.links().iter().find_map(|(address, _)| {
        let id = address.strip_prefix(prefix)?.split(['/', '?']).next()?;
        is_id(id).then(|| id.to_owned())
    })
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A query's form filled in: all items it offers, about a person, for a case.
#[must_use]
pub fn query(form: Form, person: &Person, case: &str) -> Form {
    let items: Vec<String> = form.choices.get("items").cloned().unwrap_or_default();
    form.with_all("items", &items)
        .with("name", &person.name)
        .with("id_type", &person.id_type)
        .with("id_number", &person.id_number)
        .with("case_no", case)
}
