//! `zhenglian run`: joins the floors of one department from bottom to top, and
//! waits until it is told to stop or one of them dies.
//!
//! ```text
//!  5 portal      pages
//!  4 office      use cases, journal, publishing of entries
//!  3 exchange    questions to and from other departments
//!  2 node        chain, calls
//!  1 store       accounts, audit log (its head stands in what 3 signs)
//!  0 self-test, configuration, keys, genesis, bindings
//! ```
//!
//! The only place where the parts meet. It holds no rules.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use access::Judge;
use exchange::{Exchange, ExchangeConfig};
use ledger::genesis::Genesis;
use node::{Node, NodeConfig, PeerAddress};
use portal::{Oidc, OidcConfig, Portal, PortalConfig};
use services::audit_log::{AuditKey, AuditLog};
use services::identity::IdentityProvider;
use services::store::OfficeStore;
use services::{Office, OfficeParts};
use tokio::runtime::{Builder, Runtime};
use tracing::{error, info};
use zeroize::Zeroizing;

use crate::check::{self, Checked};
use crate::config::{Config, Peer};
use crate::exit::Failure;
use crate::output::Output;
use crate::{panics, private, shutdown};

/// Runs a department until it is told to stop.
///
/// # Errors
/// Mistakes found before the start, or the fault of the part that died.
pub(crate) fn run(path: &Path, output: &Output) -> Result<(), Failure> {
    crate::log::start();
    // A build that computes wrongly must not sign anything.
    gm::second_opinion::self_test().map_err(|fault| Failure::Fault(fault.to_string()))?;
    runtime(&mut Builder::new_multi_thread())?.block_on(async {
        let checked = check::everything(path).await?;
        department(checked, output).await
    })
}

/// Runs a command's few asynchronous steps to their end.
///
/// # Errors
/// What they say, or a runtime that cannot be made.
pub(crate) fn block_on<T>(steps: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    runtime(&mut Builder::new_current_thread())?.block_on(steps)
}

fn runtime(builder: &mut Builder) -> Result<Runtime, Failure> {
    builder.enable_all().build().map_err(|error| Failure::fault("threads could not be started", error))
}

/// The folder of the office's store.
pub(crate) fn office_folder(config: &Config) -> PathBuf {
    config.store.data.join("office")
}

async fn department(checked: Checked, output: &Output) -> Result<(), Failure> {
    let Checked { config, keys, genesis, bindings, oidc_secret } = checked;
    let genesis = Arc::new(genesis);
    let mut panics = panics::watch();
    private::own(&config.store.data)?;
    private::own(&config.node.sign_guard)?;

    // 1
    let office_store = OfficeStore::open(&office_folder(&config))
        .await
        .map_err(|fault| Failure::fault("the office's store cannot be opened", fault))?;
    let audit = AuditLog::open(&office_store, AuditKey::of(&keys.store))
        .await
        .map_err(|fault| Failure::fault("the audit log cannot be opened", fault))?;

    // 2
    let node_config = NodeConfig {
        data: config.store.data.join("node"),
        sign_guard: config.node.sign_guard.clone(),
        genesis: Arc::clone(&genesis),
        department: config.department.id.clone(),
        peer_key: keys.peer,
        consensus_key: keys.consensus,
        listen: config.node.listen.to_string(),
        peers: peer_addresses(&config.peers, &genesis),
    };
    let (node, handle, incoming) =
        Node::start(node_config).await.map_err(|fault| Failure::fault("the node cannot start", fault))?;

    // 3
    let judge =
        Arc::new(Judge::new().map_err(|fault| Failure::fault("the policy model cannot be read", fault))?);
    let (store_key, online_key) = (keys.store.clone(), keys.online.clone());
    let exchange_config = ExchangeConfig {
        dir: config.store.data.join("exchange"),
        department: config.department.id.clone(),
        online: keys.online,
        sealing: keys.sealing,
        store_key: keys.store,
        bindings,
        bounds: config.exchange.bounds,
    };
    let exchange = Exchange::start(
        exchange_config,
        handle.clone(),
        Arc::clone(&judge),
        Arc::new(audit.clone()),
        incoming,
    )
    .await
    .map_err(|fault| Failure::fault("the exchange cannot start", fault))?;

    // 4
    let parts = OfficeParts {
        node: handle.clone(),
        exchange: exchange.clone(),
        judge,
        department: config.department.id.clone(),
        office_key: keys.office,
        online_key,
        actor_key: keys.actor,
        store: office_store.clone(),
        audit,
        store_key,
        host: config.portal.public.host().to_owned(),
        demo: config.portal.demo,
        identity_provider: identity_provider(&config, oidc_secret)?,
        zones: config.zones.clone(),
        entries: config.exchange.bindings.exists().then(|| config.exchange.bindings.clone()),
    };
    let office =
        Office::start(parts).await.map_err(|fault| Failure::fault("the office cannot start", fault))?;

    // 5
    let portal_config = PortalConfig {
        listen: config.portal.listen,
        site: config.portal.public.clone(),
        proxy: config.portal.proxy,
        operations: config.operations.listen,
        demo: config.portal.demo,
        jwt_secret: keys.session,
    };
    let portal = Portal::serve(portal_config, office.clone())
        .map_err(|fault| Failure::fault("the portal cannot start", fault))?;
    let stopper = portal.stopper();

    info!(department.id = %config.department.id, address = %portal.address(), "running");
    output.line(format_args!("running: {}/", config.portal.public.base()));
    let mut serving = tokio::spawn(portal.run());
    let mut keeping = tokio::spawn({
        let office = office.clone();
        async move { office.keep().await }
    });

    let ended = tokio::select! {
        signal = shutdown::requested() => signal
            .map(|signal| info!(signal, "asked to stop"))
            .map_err(|error| Failure::fault("signals cannot be received", error)),
        fault = node.failed() => Err(Failure::fault("the node failed", fault)),
        place = panics.first() => Err(Failure::Fault(format!("a panic in {place}: see the log"))),
        ended = &mut serving => Err(Failure::Fault(format!("the portal ended: {ended:?}"))),
        ended = &mut keeping => Err(Failure::Fault(format!("the office ended: {ended:?}"))),
    };
    if let Err(Failure::Fault(text)) = &ended {
        error!("{text}");
    }

    // Top to bottom.
    shutdown::stop("portal", stopper.stop()).await;
    keeping.abort();
    shutdown::stop("exchange", exchange.stop()).await;
    shutdown::stop("node", node.stop()).await;
    shutdown::stop("office store", office_store.close()).await;
    ended
}

/// The client of the identity provider, where one is named.
fn identity_provider(
    config: &Config,
    secret: Option<Zeroizing<String>>,
) -> Result<Option<Arc<dyn IdentityProvider>>, Failure> {
    let (Some(oidc), Some(client_secret)) = (&config.oidc, secret) else { return Ok(None) };
    let named = OidcConfig {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret,
        account_claim: oidc.account_claim.clone(),
        factor_acr: oidc.factor_acr.clone(),
        factor_amr: oidc.factor_amr.clone(),
    };
    let client = Oidc::new(named, &config.portal.public)
        .map_err(|fault| Failure::fault("the identity provider cannot be used", fault))?;
    Ok(Some(Arc::new(client)))
}

/// The peers to dial, each with the identity that stands on its member card.
fn peer_addresses(peers: &[Peer], genesis: &Genesis) -> Vec<PeerAddress> {
    peers
        .iter()
        .filter_map(|peer| {
            // `check` has refused peers that are no members.
            let member = genesis.member(&peer.department)?;
            Some(PeerAddress {
                department: peer.department.clone(),
                peer: member.peer.clone(),
                address: peer.address.to_string(),
            })
        })
        .collect()
}
