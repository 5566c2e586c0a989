//! A person at a portal without a browser: cookies, forms, links, pages.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::header::{LOCATION, ORIGIN};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};

use crate::accounts::Account;
use crate::page::{Form, Page};
use crate::trouble::{Outcome, Trouble, While};

/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Redirects followed after one form.
const REDIRECTS_MAX: usize = 4;

/// One person's cookies and the portal they look at.
#[derive(Clone)]
pub struct Visitor {
    http: Client,
    base: String,
}

impl Visitor {
    /// A visitor of the portal at `host` (`gz.localhost:8101`).
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(host: &str) -> Outcome<Self> {
        Self::coming_from(host, None)
    }

    /// A visitor who comes from another address of this machine (`127.0.0.2`).
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn coming_from(host: &str, address: Option<IpAddr>) -> Outcome<Self> {
        let name = host.split(':').next().unwrap_or(host);
        let http = Client::builder()
            .local_address(address)
            .cookie_store(true)
            // Systems differ in what they make of *.localhost; browsers do not.
            .resolve(name, SocketAddr::from(([127, 0, 0, 1], 0)))
            .redirect(Policy::none())
            .timeout(ANSWER_MAX)
            .no_proxy()
            .build()
            .during("an HTTP client")?;
        Ok(Self { http, base: format!("http://{host}") })
    }

    /// Opens a page, following redirects.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Outcome<Page> {
        self.read(self.http.get(self.address(path)), path).await
    }

    /// Fetches a file: status, file name, bytes.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn download(&self, path: &str) -> Outcome<(u16, Vec<u8>)> {
        let response = self.http.get(self.address(path)).send().await.during(path)?;
        let status = response.status().as_u16();
        Ok((status, response.bytes().await.during(path)?.to_vec()))
    }

    /// Sends a form as a browser without script does.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn submit(&self, form: &Form) -> Outcome<Page> {
        let address = self.address(&form.action);
        let request = if form.method == "post" {
            self.http.post(address).header(ORIGIN, &self.base).form(&form.fields)
        } else {
            self.http.get(address).query(&form.fields)
        };
        self.read(request, &form.action).await
    }

    /// Sends a form and looks at nothing but the status: who floods a portal reads no pages.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, form: &Form) -> Outcome<u16> {
        let request =
            self.http.post(self.address(&form.action)).header(ORIGIN, &self.base).form(&form.fields);
        Ok(request.send().await.during(&form.action)?.status().as_u16())
    }

    /// Signs in.
    ///
    /// # Errors
    /// When the portal refuses.
    pub async fn sign_in(&self, account: &Account) -> Outcome<Page> {
        let page = self.get("/sign-in").await?;
        let form = page.form_to("/sign-in").during("a form on /sign-in")?;
        let mut page =
            self.submit(&form.with("account", account.account).with("password", &account.password)).await?;
        if page.url.starts_with("/sign-in/factor") {
            page = self.show_key(&page, account).await?;
        }
        if page.status == 200 && !page.url.starts_with("/sign-in") {
            Ok(page)
        } else {
            Err(Trouble::new(format!("{} was not let in: {} {}", account.account, page.status, page.text())))
        }
    }

    /// Answers the challenge of a page with the account's own key.
    ///
    /// # Errors
    /// When the account has none or the portal does not answer.
    pub async fn show_key(&self, page: &Page, account: &Account) -> Outcome<Page> {
        let asked = page.by_id("challenge").during("a challenge")?.text();
        let form = page.form_to("/sign-in/factor").during("a form for its answer")?;
        self.submit(&form.with("answer", &account.answer(&asked).await?)).await
    }

    async fn read(&self, request: RequestBuilder, path: &str) -> Outcome<Page> {
        let mut response = request.send().await.during(path)?;
        let mut redirects = 0;
        while response.status().is_redirection() && redirects < REDIRECTS_MAX {
            let next = location(&response).during(format_args!("where {path} redirects to"))?;
            response = self.http.get(self.address(&next)).send().await.during(&next)?;
            redirects += 1;
        }
        let url = response.url();
        let place = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let status = response.status().as_u16();
        Ok(Page::new(place, status, response.text().await.during(path)?))
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http://") { path.to_owned() } else { format!("{}{path}", self.base) }
    }
}

fn location(response: &Response) -> Option<String> {
    Some(response.headers().get(LOCATION)?.to_str().ok()?.to_owned())
}
