//! A real browser: Debian's Chromium, headless, driven through its ChromeDriver.

use std::process::Stdio;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::page::Page;
use crate::trouble::{Outcome, Trouble, While};
use crate::waiting::until;

/// Longest start of the driver.
const DRIVER_MAX: Duration = Duration::from_secs(30);
/// Longest wait for an element or an address.
const LOOK_MAX: Duration = Duration::from_secs(30);
/// A common office screen.
const WINDOW: &str = "--window-size=1366,768";
/// Chromium as a build server runs it: as root, without a screen, without calls home.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    WINDOW,
];

/// Whether the browser runs script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// As browsers are.
    On,
    /// As the strictest office sets it.
    Off,
}

/// A running browser with an empty profile.
pub struct Browser {
    client: Client,
    address: String,
    profile: TempDir,
    // Killed when dropped; its output must stay open, or it would die of a broken pipe.
    _driver: Child,
    _output: Lines<BufReader<ChildStdout>>,
}

impl Browser {
    /// Starts a browser that asks for pages in `language` (`zh-CN`, `en`).
    ///
    /// # Errors
    /// When Chromium or its driver is not installed or does not start.
    pub async fn start(script: Script, language: &str) -> Outcome<Self> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .during("chromedriver (package chromium-driver)")?;
        let mut output = BufReader::new(driver.stdout.take().during("chromedriver's output")?).lines();
        let port = tokio::time::timeout(DRIVER_MAX, port(&mut output))
            .await
            .map_err(|_| Trouble::new("chromedriver did not say its port"))??;
        let address = format!("http://127.0.0.1:{port}");
        let profile = tempfile::tempdir().during("a profile folder")?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(script, language, &profile))
            .connect(&address)
            .await
            .during("chromium")?;
        Ok(Self { client, address, profile, _driver: driver, _output: output })
    }

    /// Opens an address.
    ///
    /// # Errors
    /// When it does not load.
    pub async fn open(&self, address: &str) -> Outcome<()> {
        self.client.goto(address).await.during(address)
    }

    /// The element that `css` names, as soon as it is there.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn find(&self, css: &str) -> Outcome<Element> {
        self.client.wait().at_most(LOOK_MAX).for_element(Locator::Css(css)).await.during(css)
    }

    /// Types into the field that `css` names, in place of what was in it.
    ///
    /// # Errors
    /// When there is no such field.
    pub async fn fill(&self, css: &str, text: &str) -> Outcome<()> {
        self.act(css, async |field| {
            field.clear().await?;
            field.send_keys(text).await
        })
        .await
    }

    /// Clicks what `css` names.
    ///
    /// # Errors
    /// When there is no such thing.
    pub async fn click(&self, css: &str) -> Outcome<()> {
        self.act(css, async |element| element.click().await).await
    }

    /// Chooses an option of a select by its value.
    ///
    /// # Errors
    /// When there is no such option.
    pub async fn choose(&self, css: &str, value: &str) -> Outcome<()> {
        self.act(css, async |select| select.select_by_value(value).await).await
    }

    /// Does something with what `css` names. An element whose page went away in the meantime was not
    /// touched: the same is done with the one that took its place.
    async fn act(&self, css: &str, deed: impl AsyncFn(Element) -> Result<(), CmdError>) -> Outcome<()> {
        loop {
            match deed(self.find(css).await?).await {
                Err(error) if error.is_stale_element_reference() => {}
                done => return done.during(css),
            }
        }
    }

    /// Whether something that `css` names is on the page now.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn has(&self, css: &str) -> Outcome<bool> {
        Ok(!self.client.find_all(Locator::Css(css)).await.during(css)?.is_empty())
    }

    /// The page as it stands now, script's changes included.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn page(&self) -> Outcome<Page> {
        let url = self.client.current_url().await.during("the address")?;
        let html = self.client.source().await.during("the page")?;
        Ok(Page::new(url.path().to_owned(), 200, html))
    }

    /// Waits until the page's address starts with `path`; gives the address's path.
    ///
    /// # Errors
    /// When it does not come there.
    pub async fn until_at(&self, path: &str) -> Outcome<String> {
        until(&format!("the browser at {path}"), LOOK_MAX, || async {
            match self.client.current_url().await {
                Ok(url) if url.path().starts_with(path) => Ok(url.path().to_owned()),
                Ok(url) => Err(url.path().to_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await
    }

    /// Waits until the page's text holds `words`, loading it again where script may not.
    ///
    /// # Errors
    /// When they do not appear.
    pub async fn until_text(&self, words: &str, script: Script) -> Outcome<()> {
        until(&format!("{words:?} on the page"), LOOK_MAX, || async {
            let page = self.page().await.map_err(|trouble| trouble.to_string())?;
            if page.text().contains(words) {
                return Ok(());
            }
            if script == Script::Off {
                self.client.refresh().await.map_err(|error| error.to_string())?;
            }
            Err(page.text())
        })
        .await
    }

    /// The file that a download left, as soon as it is whole.
    ///
    /// # Errors
    /// When none comes.
    pub async fn downloaded(&self, suffix: &str) -> Outcome<Vec<u8>> {
        let path = until(&format!("a downloaded {suffix}"), LOOK_MAX, || async {
            let entries = std::fs::read_dir(self.profile.path()).map_err(|error| error.to_string())?;
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .find(|path| path.to_string_lossy().ends_with(suffix))
                .ok_or_else(|| "no such file".to_owned())
        })
        .await?;
        std::fs::read(&path).during(path.display())
    }

    /// What the browser complained about since the last call: script errors,
    /// refusals of the content security policy, files not found.
    ///
    /// # Errors
    /// When the driver does not answer.
    pub async fn complaints(&self) -> Outcome<Vec<String>> {
        let session = self.client.session_id().await.during("the session")?.during("the session")?;
        let answer: Value = reqwest::Client::builder()
            .no_proxy()
            .build()
            .during("an HTTP client")?
            .post(format!("{}/session/{session}/se/log", self.address))
            .json(&json!({ "type": "browser" }))
            .send()
            .await
            .during("the browser's log")?
            .json()
            .await
            .during("the browser's log")?;
        let entries = answer["value"].as_array().cloned().unwrap_or_default();
        Ok(entries.iter().map(|entry| format!("{} {}", entry["level"], entry["message"])).collect())
    }

    /// A picture of the page (PNG).
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn picture(&self) -> Outcome<Vec<u8>> {
        self.client.screenshot().await.during("a picture")
    }

    /// Ends the browser.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn close(self) -> Outcome<()> {
        self.client.close().await.during("closing the browser")
    }
}

fn capabilities(script: Script, language: &str, profile: &TempDir) -> Capabilities {
    let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
    flags.push(format!("--user-data-dir={}", profile.path().join("profile").display()));
    flags.push(format!("--accept-lang={language}"));
    let mut preferences = json!({
        "download.default_directory": profile.path(),
        "download.prompt_for_download": false,
    });
    if script == Script::Off {
        // 2 blocks: the page's script, not the driver's own.
        preferences["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), json!({ "args": flags, "prefs": preferences }));
    capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
    capabilities
}

/// The port in "ChromeDriver was started successfully on port 40123."
async fn port(output: &mut Lines<BufReader<ChildStdout>>) -> Outcome<u16> {
    while let Some(line) = output.next_line().await.during("chromedriver's output")? {
        if let Some((_, port)) = line.split_once("successfully on port ") {
            return port.trim_end_matches('.').parse().during(line);
        }
    }
    Err(Trouble::new("chromedriver ended at once"))
}
