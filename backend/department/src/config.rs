//! `zhenglian.toml`: the one file that says who this process is, where its
//! stores lie and whom it dials.
//!
//! Read once, at start, by the command that needs it, and handed on as plain
//! values; no other part of the program reads files or the environment. Every
//! mistake is collected, so that one run of `zhenglian check` shows them all.

mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use exchange::Bounds;
use ledger::ids::{CodeFront, DepartmentId, RegionCode};
use portal::{Issuer, NoIssuer, NoSite, Site};
use services::zones::Zones;

use reader::{Reader, Section};

/// First part of an environment variable that overrides one key:
/// `ZHENGLIAN__PORTAL__LISTEN` stands for `listen` in `[portal]`.
const OVERRIDE_PREFIX: &str = "ZHENGLIAN__";

/// Where operators ask when nothing else is written.
const OPERATIONS_PORT: u16 = 9464;

/// Where the configuration is.
#[derive(clap::Args)]
pub(crate) struct ConfigArgument {
    /// The configuration file.
    #[arg(long, default_value = "zhenglian.toml")]
    pub(crate) config: PathBuf,
}

/// One thing wrong with the configuration or with a file it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Where: `portal.listen`, or the path of a file.
    pub(crate) key: String,
    /// What is wrong there.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) mend: String,
}

impl Mistake {
    /// A mistake at `key`, with its mend.
    pub(crate) fn new(key: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { key: key.into(), what: what.into(), mend: mend.into() }
    }
}

/// The whole configuration of one department's process.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) department: Department,
    pub(crate) store: Store,
    pub(crate) portal: Portal,
    pub(crate) operations: Operations,
    pub(crate) zones: Zones,
    pub(crate) oidc: Option<OidcSection>,
    pub(crate) node: Node,
    pub(crate) peers: Vec<Peer>,
    pub(crate) exchange: Exchange,
}

/// `[department]`: what stands on the member card.
#[derive(Clone, Debug)]
pub(crate) struct Department {
    pub(crate) id: DepartmentId,
    pub(crate) name_zh: String,
    pub(crate) name_en: String,
    pub(crate) region: RegionCode,
    pub(crate) inspectorate: bool,
    /// Fronts of the resource codes that are its own.
    pub(crate) codes: Vec<CodeFront>,
}

/// `[store]`: paths, taken from the folder of the TOML file where relative.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    /// Everything the process writes: the node's store, the office's store.
    pub(crate) data: PathBuf,
    /// Secret keys, one file each, mode 0600.
    pub(crate) keys: PathBuf,
    /// The chain's genesis file.
    pub(crate) genesis: PathBuf,
}

/// `[portal]`.
#[derive(Clone, Debug)]
pub(crate) struct Portal {
    /// Plain HTTP, therefore on this machine: TLS ends in a proxy before it.
    pub(crate) listen: SocketAddr,
    /// The address that browsers ask for.
    pub(crate) public: Site,
    /// The proxy that is believed when it says for whom it asks.
    pub(crate) proxy: Option<IpAddr>,
    /// Whether pages carry the badge "demonstration data".
    pub(crate) demo: bool,
}

/// `[sign_in.oidc]`: who else recognises officers.
#[derive(Clone, Debug)]
pub(crate) struct OidcSection {
    pub(crate) issuer: Issuer,
    pub(crate) client_id: String,
    /// Mode 0600, like a key.
    pub(crate) client_secret_file: PathBuf,
    /// The claim of the provider's token that is the account here.
    pub(crate) account_claim: String,
    /// Values of `acr` and `amr` that count as a second factor.
    pub(crate) factor_acr: BTreeSet<String>,
    pub(crate) factor_amr: BTreeSet<String>,
}

/// `[operations]`.
#[derive(Clone, Debug)]
pub(crate) struct Operations {
    /// Where figures of the process are given to whoever can connect.
    pub(crate) listen: SocketAddr,
}

/// `[node]`.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where the other departments' nodes connect.
    pub(crate) listen: SocketAddr,
    /// Whether this department votes on blocks.
    pub(crate) validator: bool,
    /// The folder of the file that keeps what this validator signed; never in `data`, nor in a backup.
    pub(crate) sign_guard: PathBuf,
}

/// One `[[peer]]`.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) department: DepartmentId,
    pub(crate) address: SocketAddr,
}

/// `[exchange]`.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// Folder of `*.toml` bindings and `*.entry.toml` catalogue entries.
    pub(crate) bindings: PathBuf,
    /// How much one officer may ask.
    pub(crate) bounds: Bounds,
}

impl Config {
    /// Reads the file at `path`, with the environment's overrides.
    ///
    /// # Errors
    /// Every mistake in the file, in the order of its sections.
    pub(crate) fn load(
        path: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<Mistake>> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            vec![Mistake::new(
                path.display().to_string(),
                format!("cannot be read: {error}"),
                "name the configuration file with --config",
            )]
        })?;
        let base = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, base, overrides(environment))
    }

    /// Reads a configuration from its text; relative paths start at `base`.
    fn parse(text: &str, base: &Path, overrides: BTreeMap<String, String>) -> Result<Self, Vec<Mistake>> {
        let table = text.parse::<toml::Table>().map_err(|error| {
            vec![Mistake::new("(file)", error.to_string().trim_end().to_owned(), "mend the TOML syntax")]
        })?;
        let mut reader = Reader::new(table, overrides);
        let department = department(&mut reader.section("department"));
        let store = store(&mut reader.section("store"), base);
        let portal = portal(&mut reader.section("portal"));
        let operations = operations(&mut reader.section("operations"));
        let zones = zones(&mut reader.section("zones"));
        let oidc = sign_in(&mut reader.section("sign_in"), base);
        let node = node(&mut reader.section("node"), base, store.as_ref());
        let exchange = exchange(&mut reader.section("exchange"), base);
        let peers = reader.list("peer", peer);
        let mut mistakes = reader.finish();
        if let Some(department) = &department {
            mistakes.extend(peer_mistakes(department, &peers));
        }
        match (department, store, portal, operations, node, exchange) {
            (Some(department), Some(store), Some(portal), Some(operations), Some(node), Some(exchange))
                if mistakes.is_empty() =>
            {
                Ok(Self { department, store, portal, operations, zones, oidc, node, peers, exchange })
            }
            _ => Err(mistakes),
        }
    }
}

fn department(section: &mut Section<'_>) -> Option<Department> {
    let id = section.parsed("id", "the 18 characters of the unified social credit code");
    let name_zh = section.text("name_zh", "the department's Chinese name");
    let name_en = section.text("name_en", "the department's English name");
    let region = section.parsed("region", "six digits of GB/T 2260, as \"440100\"");
    let inspectorate = section.flag("inspectorate", Some(false));
    let codes = codes(section);
    section.finish();
    Some(Department {
        id: id?,
        name_zh: name_zh?,
        name_en: name_en?,
        region: region?,
        inspectorate: inspectorate?,
        codes: codes?,
    })
}

/// Fronts of resource codes; who publishes nothing needs none.
fn codes(section: &mut Section<'_>) -> Option<Vec<CodeFront>> {
    if !section.has("codes") {
        return Some(Vec::new());
    }
    let read = |text: &String| text.parse::<CodeFront>().ok();
    let codes = section.texts("codes", CODES_MEND)?.iter().map(read).collect::<Option<Vec<_>>>();
    if codes.is_none() {
        section.mistake("codes", "holds what no resource code begins with", CODES_MEND);
    }
    codes
}

fn store(section: &mut Section<'_>, base: &Path) -> Option<Store> {
    let data = section.text_or("data", "data");
    let keys = section.text_or("keys", "keys");
    let genesis = section.text_or("genesis", "genesis.bin");
    section.finish();
    Some(Store { data: base.join(data?), keys: base.join(keys?), genesis: base.join(genesis?) })
}

fn portal(section: &mut Section<'_>) -> Option<Portal> {
    let listen = section.parsed("listen", ADDRESS_MEND);
    if listen.is_some_and(|listen: SocketAddr| !listen.ip().is_loopback()) {
        section.mistake("listen", "is plain HTTP for other machines", LISTEN_MEND);
    }
    let public = public(section);
    let proxy = section.has("proxy").then(|| section.parsed("proxy", PROXY_MEND));
    let demo = section.flag("demo", Some(false));
    section.finish();
    Some(Portal {
        listen: listen?,
        public: public?,
        proxy: proxy.map_or(Some(None), |read| read.map(Some))?,
        demo: demo?,
    })
}

fn public(section: &mut Section<'_>) -> Option<Site> {
    let text = section.text("public", PUBLIC_MEND)?;
    text.parse().map_err(|no: NoSite| section.mistake("public", &no.to_string(), PUBLIC_MEND)).ok()
}

fn operations(section: &mut Section<'_>) -> Option<Operations> {
    let listen = if section.has("listen") {
        section.parsed("listen", ADDRESS_MEND)
    } else {
        Some(SocketAddr::from((Ipv4Addr::LOCALHOST, OPERATIONS_PORT)))
    };
    if listen.is_some_and(|listen: SocketAddr| listen.ip().is_unspecified()) {
        let mend = "name the one address of the operators' network, or leave the key out";
        section.mistake("listen", "gives figures to every network", mend);
    }
    section.finish();
    Some(Operations { listen: listen? })
}

/// `[zones]`: names of parts of the network, each with its networks.
fn zones(section: &mut Section<'_>) -> Zones {
    let mut zones = Zones::default();
    for name in section.keys() {
        for network in section.texts(&name, ZONE_MEND).unwrap_or_default() {
            if let Err(no) = zones.add(&name, &network) {
                section.mistake(&name, &no.to_string(), &no.mend());
            }
        }
    }
    section.finish();
    zones
}

/// `[sign_in]`: ways beside the password. None where nothing is written, or where a mistake is noted.
fn sign_in(section: &mut Section<'_>, base: &Path) -> Option<OidcSection> {
    let oidc = section.sub("oidc").and_then(|mut named| oidc(&mut named, base));
    section.finish();
    oidc
}

fn oidc(section: &mut Section<'_>, base: &Path) -> Option<OidcSection> {
    let issuer = section.text("issuer", ISSUER_MEND).and_then(|text| {
        text.parse().map_err(|no: NoIssuer| section.mistake("issuer", &no.to_string(), ISSUER_MEND)).ok()
    });
    let client_id = section.text("client_id", "the name under which the provider knows this portal");
    let secret = section.text("client_secret_file", "a file of mode 600 that holds the client's secret");
    let account_claim = section.text_or("account_claim", "preferred_username");
    let mut set = |key: &str| {
        let texts = section.has(key).then(|| section.texts(key, "a list of texts, or leave the key out"));
        texts.map_or(Some(BTreeSet::new()), |texts| texts.map(|texts| texts.into_iter().collect()))
    };
    let (factor_acr, factor_amr) = (set("second_factor_acr"), set("second_factor_amr"));
    section.finish();
    Some(OidcSection {
        issuer: issuer?,
        client_id: client_id?,
        client_secret_file: base.join(secret?),
        account_claim: account_claim?,
        factor_acr: factor_acr?,
        factor_amr: factor_amr?,
    })
}

fn node(section: &mut Section<'_>, base: &Path, store: Option<&Store>) -> Option<Node> {
    let listen = section.parsed("listen", ADDRESS_MEND);
    let validator = section.flag("validator", None);
    let sign_guard = if section.has("sign_guard") {
        section.text("sign_guard", SIGN_GUARD_MEND).map(|folder| base.join(folder))
    } else {
        store.map(|store| store.data.parent().unwrap_or(base).join("sign-guard"))
    };
    let (data, guard) = (store.map(|store| &store.data), sign_guard.as_ref());
    if data.zip(guard).is_some_and(|(data, guard)| guard.starts_with(data)) {
        section.mistake(
            "sign_guard",
            "lies in the data folder and would go back in time with it",
            SIGN_GUARD_MEND,
        );
    }
    section.finish();
    Some(Node { listen: listen?, validator: validator?, sign_guard: sign_guard? })
}

fn exchange(section: &mut Section<'_>, base: &Path) -> Option<Exchange> {
    let bindings = section.text_or("bindings", "bindings");
    let bounds = bounds(section);
    section.finish();
    Some(Exchange { bindings: base.join(bindings?), bounds: bounds? })
}

/// How much one officer may ask. None can be left out: who writes nothing has the defaults.
fn bounds(section: &mut Section<'_>) -> Option<Bounds> {
    let usual = Bounds::DEFAULT;
    let at_once = u32::try_from(exchange::limits::QUERIES_AT_ONCE).unwrap_or(u32::MAX);
    let at_once = section.number("officer_at_once", usual.at_once, 1..=at_once);
    let per_hour = section.number("officer_per_hour", usual.per_hour, 1..=100_000);
    let share_percent = section.number("officer_share_percent", usual.share_percent, 1..=100);
    let share_above = section.number("officer_share_above", usual.share_above, 1..=1_000_000);
    Some(Bounds {
        at_once: at_once?,
        per_hour: per_hour?,
        share_percent: share_percent?,
        share_above: share_above?,
    })
}

fn peer(section: &mut Section<'_>) -> Option<Peer> {
    let department = section.parsed("department", "the peer's unified social credit code");
    let address = section.parsed("address", ADDRESS_MEND);
    section.finish();
    Some(Peer { department: department?, address: address? })
}

const LISTEN_MEND: &str = "listen on 127.0.0.1 and let a proxy on this machine end TLS before it";
const PUBLIC_MEND: &str = "the address browsers ask for, as \"https://zhenglian.example.cn\"; http:// only for \
                           localhost, *.localhost and addresses of this machine";
const ISSUER_MEND: &str =
    "the provider's address, as \"https://id.example.cn\"; http:// only for this machine";
const CODES_MEND: &str = "fronts of resource codes, as [\"307001/0001\"], or leave the key out";
const ZONE_MEND: &str = "a list of networks, as [\"10.8.0.0/16\", \"fd00:8::/48\"]";
const PROXY_MEND: &str = "the IP address from which the proxy connects, as \"127.0.0.1\"";

const SIGN_GUARD_MEND: &str =
    "a folder of this machine outside `data` that no backup copies, as \"sign-guard\"";

/// Addresses only, no host names: a node must find its peers without asking anybody.
const ADDRESS_MEND: &str = "IP address and port, as \"10.0.0.7:8201\"";

/// Peers that cannot be meant: oneself, or one department twice.
fn peer_mistakes(own: &Department, peers: &[Peer]) -> Vec<Mistake> {
    let mut seen = BTreeSet::new();
    let mut mistakes = Vec::new();
    for (index, peer) in peers.iter().enumerate() {
        let key = format!("peer[{index}].department");
        if peer.department == own.id {
            mistakes.push(Mistake::new(key, "is this department itself", "list only the others"));
        } else if !seen.insert(peer.department.clone()) {
            mistakes.push(Mistake::new(key, "is listed twice", "keep one [[peer]] for each department"));
        }
    }
    mistakes
}

/// The environment's overrides as `section.key` → text.
fn overrides(environment: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    environment
        .filter_map(|(name, value)| {
            let (section, key) = name.strip_prefix(OVERRIDE_PREFIX)?.split_once("__")?;
            Some((format!("{}.{}", section.to_lowercase(), key.to_lowercase().replace("__", ".")), value))
        })
        .collect()
}

#[cfg(test)]
mod tests;
