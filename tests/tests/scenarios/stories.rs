//! The story of one access in a real browser: in Chinese, in English, and once
//! without script. Six people at three departments; at no page does the
//! browser complain (script errors, content security policy, missing files).

use system_tests::browser::{Browser, Script};
use system_tests::centres::Centre;
use system_tests::program;
use system_tests::story::ANSWER_MAX;
use system_tests::waiting::until;

use crate::stage::Stage;

/// One walk through the story.
struct Walk {
    stage: Stage,
    browser: Browser,
    script: Script,
    language: &'static str,
}

impl Walk {
    async fn begin(seed: u64, script: Script, language: &'static str) -> Self {
        let stage = Stage::set(seed).await;
        let browser = Browser::start(script, language).await.unwrap();
        Self { stage, browser, script, language }
    }

    async fn sign_in(&self, centre: &Centre, account: &str) {
        let account = self.stage.network.layout.account(centre, account);
        self.open(centre, "/sign-in").await;
        self.browser.fill("#account", account.account).await.unwrap();
        self.browser.fill("#password", &account.password).await.unwrap();
        self.browser.click("form[action='/sign-in'] button[type=submit]").await.unwrap();
        if account.key.is_some() {
            let asked = self.browser.find("#challenge").await.unwrap().text().await.unwrap();
            self.in_order().await;
            self.browser.fill("#answer", &account.answer(&asked).await.unwrap()).await.unwrap();
            self.browser.click("form[action='/sign-in/factor'] button[type=submit]").await.unwrap();
        }
        self.browser.find("#nav").await.unwrap();
        self.in_order().await;
    }

    async fn sign_out(&self) {
        self.browser.click("header.top details.drop:last-of-type > summary").await.unwrap();
        self.browser.click("form[action='/sign-out'] button").await.unwrap();
        self.browser.until_at("/sign-in").await.unwrap();
    }

    async fn open(&self, centre: &Centre, path: &str) {
        let address = format!("http://{}{path}", self.stage.network.layout.host(centre));
        self.browser.open(&address).await.unwrap();
    }

    /// The page is in the language asked for, and the browser is content with it.
    async fn in_order(&self) {
        assert!(self.browser.has(&format!("html[lang='{}']", self.language)).await.unwrap());
        let complaints = self.browser.complaints().await.unwrap();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    /// The operator finds the entry and requests access; gives the request's address.
    async fn request(&self, requester: &Centre, provider: &Centre) -> String {
        self.sign_in(requester, "operator").await;
        let code = system_tests::entry::resource_code(provider).replace('/', "%2F");
        let hit = format!("#hits a[href*='/catalogue/entry?code={code}']");
        // Departments publish what they provide after they have begun to run.
        until("the entry in the catalogue", ANSWER_MAX, || async {
            self.open(requester, "/catalogue").await;
            self.browser.fill("#q", &provider.name_zh[..6]).await.unwrap();
            self.browser.click("#cs button[type=submit]").await.unwrap();
            if self.browser.has(&hit).await.unwrap() { Ok(()) } else { Err("no such hit".into()) }
        })
        .await
        .unwrap();
        self.browser.click(&hit).await.unwrap();
        self.in_order().await;
        self.browser.click("main a[href*='/requests/new']").await.unwrap();
        self.browser.choose("#purpose", "01").await.unwrap();
        self.browser.choose("#basis", "01").await.unwrap();
        for item in ["XingMing", "ZJHM", "GRZHZT", "GRJCJS", "LXJCYS"] {
            let tick = format!("input[name=items][value={item}]");
            if !self.browser.has(&format!("{tick}:checked")).await.unwrap() {
                self.browser.click(&tick).await.unwrap();
            }
        }
        self.browser.fill("#quota", "20").await.unwrap();
        self.in_order().await;
        self.browser.click("form[action='/requests'] button.pri").await.unwrap();
        self.countersign(requester).await;
        self.browser.find("ol.tl").await.unwrap();
        let address = self.browser.until_at("/requests/").await.unwrap();
        self.in_order().await;
        self.sign_out().await;
        address
    }

    /// Who drafted the step on the page signs out; the lead finds it among those that wait and countersigns.
    async fn countersign(&self, centre: &Centre) {
        let step = self.browser.until_at("/countersign/").await.unwrap();
        self.browser.find(&format!("form[action='{step}/take-back']")).await.unwrap();
        assert!(!self.browser.has(&format!("form[action='{step}/sign']")).await.unwrap(), "not by oneself");
        self.in_order().await;
        self.sign_out().await;
        self.sign_in(centre, "lead").await;
        self.browser.click("#nav a[href='/countersign']").await.unwrap();
        self.browser.click(&format!("main table a[href='{step}']")).await.unwrap();
        self.in_order().await;
        self.browser.click(&format!("form[action='{step}/sign'] button.pri")).await.unwrap();
    }

    /// The approver grants it.
    async fn approve(&self, provider: &Centre, request: &str) {
        self.sign_in(provider, "approver").await;
        self.open(provider, "/requests?side=received").await;
        self.browser.click(&format!("main a[href='{request}']")).await.unwrap();
        self.in_order().await;
        self.browser.click(&format!("form[action='{request}/approve'] button.pri")).await.unwrap();
        self.countersign(provider).await;
        self.browser.find("main a[href^='/grants/']").await.unwrap();
        self.in_order().await;
    }

    /// The clerk asks and sees the masked answer with its receipt; gives the receipt's address.
    async fn query(&self, requester: &Centre, provider: &Centre) -> String {
        let person = self.stage.person(provider, 0);
        self.sign_in(requester, "clerk").await;
        self.open(requester, "/grants").await;
        self.browser.click("main table a[href^='/grants/']").await.unwrap();
        self.in_order().await;
        self.browser.click("main a[href$='/query']").await.unwrap();
        self.browser.fill("#name", &person.name).await.unwrap();
        self.browser.fill("#id_number", &person.id_number).await.unwrap();
        self.browser.fill("#case_no", "GJJ-2026-000042").await.unwrap();
        assert!(!self.browser.has("input[name=items]:checked").await.unwrap(), "nothing is ticked by itself");
        for item in ["XingMing", "ZJHM", "GRZHZT", "GRJCJS", "LXJCYS"] {
            self.browser.click(&format!("input[name=items][value={item}]")).await.unwrap();
        }
        self.in_order().await;
        self.browser.click("form[action$='/query'] button.pri").await.unwrap();
        // With script the page changes by itself; without, it loads itself again.
        self.browser.find(".sheet").await.unwrap();
        let page = self.browser.page().await.unwrap();
        let masked = format!("990000********{}", &person.id_number[14..]);
        assert!(page.text().contains(&masked), "{}", page.text());
        assert!(!page.html.contains(&person.id_number), "the whole number reached the page");
        self.in_order().await;
        let receipt = page.link_to("/receipts/").unwrap();
        receipt.trim_end_matches("/evidence").to_owned()
    }

    /// The log is closed until one inspector has proposed an inspection and another countersigned it.
    async fn open_inspection(&self, inspectorate: &Centre) {
        self.sign_in(inspectorate, "inspector").await;
        self.open(inspectorate, "/log").await;
        assert!(!self.browser.has("#found").await.unwrap(), "nobody looks without a case");
        self.in_order().await;
        self.browser.click("main a[href='/inspections']").await.unwrap();
        self.in_order().await;
        self.browser.click("main a[href='/inspections/new']").await.unwrap();
        self.browser.choose("#purpose", "03").await.unwrap();
        self.browser.fill("#file_no", "JC-2026-7").await.unwrap();
        self.browser.fill("#warrant_no", "WARRANT-7").await.unwrap();
        self.browser.fill("#reason", "report").await.unwrap();
        self.browser.click("input[name=scope][value=all]").await.unwrap();
        self.in_order().await;
        self.browser.click("form[action='/inspections'] button.pri").await.unwrap();
        self.browser.find("form[action$='/withdraw']").await.unwrap();
        let case = self.browser.until_at("/inspections/").await.unwrap();
        assert!(!self.browser.has("form[action$='/countersign']").await.unwrap(), "not by who proposed it");
        self.in_order().await;
        self.sign_out().await;
        self.sign_in(inspectorate, "chief").await;
        self.open(inspectorate, "/").await;
        self.browser.click(&format!("#tasks a[href='{case}']")).await.unwrap();
        self.in_order().await;
        self.browser.click(&format!("form[action='{case}/countersign'] button.pri")).await.unwrap();
        self.browser.find("form[action$='/close']").await.unwrap();
        self.in_order().await;
        self.sign_out().await;
    }

    /// The inspector finds the record, sees it verified and downloads the evidence, which verifies
    /// offline; one changed byte is refused.
    async fn inspect(&self, inspectorate: &Centre, receipt: &str) {
        self.open_inspection(inspectorate).await;
        self.sign_in(inspectorate, "inspector").await;
        self.open(inspectorate, "/log").await;
        self.browser.click(&format!("#found a[href='{receipt}']")).await.unwrap();
        self.browser.find(".verdict .stamp").await.unwrap();
        self.in_order().await;
        self.browser.click(&format!("main a[href='{receipt}/evidence']")).await.unwrap();
        let evidence = self.browser.downloaded(".zlproof").await.unwrap();
        assert_eq!(self.verify(&evidence).await, 0);
        let mut forged = evidence;
        let middle = forged.len() / 2;
        forged[middle] ^= 1;
        assert_eq!(self.verify(&forged).await, 3);
    }

    /// The exit code of `zhenglian verify`.
    async fn verify(&self, evidence: &[u8]) -> i32 {
        let layout = &self.stage.network.layout;
        let path = layout.dir.join("downloaded.zlproof");
        std::fs::write(&path, evidence).unwrap();
        let root = layout.root().unwrap();
        let command = program::command(&["verify", "--root", &root, path.to_str().unwrap()]).unwrap();
        program::finish(command).await.unwrap().code
    }

    async fn whole(mut self) {
        let (requester, provider) = (Centre::named("cd"), Centre::named("su"));
        let request = self.request(requester, provider).await;
        self.approve(provider, &request).await;
        let receipt = self.query(requester, provider).await;
        self.inspect(Centre::named("jd"), &receipt).await;
        // Without script a page is the same page; only what moves by itself is missing.
        assert_eq!(self.browser.has("[data-script]:not([hidden])").await.unwrap(), self.script == Script::On);
        self.browser.close().await.unwrap();
        self.stage.network.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_is_walked_in_chinese() {
    Walk::begin(71, Script::On, "zh-CN").await.whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_is_walked_in_english() {
    Walk::begin(72, Script::On, "en").await.whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_is_walked_without_script() {
    Walk::begin(73, Script::Off, "zh-CN").await.whole().await;
}
