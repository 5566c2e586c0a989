//! Waiting for real state, never for a length of time.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::trouble::{Outcome, Trouble};

/// How often a state is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// Looks until `look` finds something.
///
/// # Errors
/// When it found nothing within `limit`; the last thing seen is named.
pub async fn until<T, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> Outcome<T>
where
    F: Future<Output = Result<T, String>>,
{
    let start = Instant::now();
    loop {
        match look().await {
            Ok(found) => return Ok(found),
            Err(seen) if start.elapsed() > limit => {
                return Err(Trouble::new(format!("{what}: not within {limit:?}; last seen: {seen}")));
            }
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}
