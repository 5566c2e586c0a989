//! Every bound of the pages. What happens at each is said beside it.

use std::time::Duration;

/// Bytes of a form; a longer one is answered with 413.
pub(crate) const FORM_BYTES_MAX: usize = 64 * 1024;
/// Fields of a form or of an address; later ones are ignored.
pub(crate) const FIELDS_MAX: usize = 400;
/// Bytes of one field; a longer one is answered with 413. A table of rules is one field.
pub(crate) const FIELD_BYTES_MAX: usize = 48 * 1024;
/// Bytes of an address with its question; a longer one is answered with 414.
pub(crate) const ADDRESS_BYTES_MAX: usize = 4 * 1024;
/// Bytes of the place to return to after signing in; a longer one becomes the worklist.
pub(crate) const NEXT_BYTES_MAX: usize = 512;

/// Forms kept while their officers sign in again; the oldest makes room.
pub(crate) const UNSENT_FORMS_MAX: usize = 128;
/// Bytes of such a form; a longer one is not kept. All forms of the portal are far shorter.
pub(crate) const UNSENT_FORM_BYTES_MAX: usize = 16 * 1024;
/// How long such a form is kept; then it is wiped.
pub(crate) const UNSENT_KEPT: Duration = Duration::from_secs(30 * 60);
/// The same in milliseconds.
pub(crate) const UNSENT_KEPT_MS: i64 = 30 * 60 * 1000;

/// Threads that draw pages.
pub(crate) const WORKERS: usize = 2;
/// Connections of one thread; more wait in the listen queue.
pub(crate) const CONNECTIONS_MAX: usize = 512;
/// Connections of one address, half of all; more are ended at once. A gateway is one address.
pub(crate) const CONNECTIONS_PER_ADDRESS_MAX: usize = WORKERS * CONNECTIONS_MAX / 2;
/// Connections of operators; more wait in the listen queue.
pub(crate) const OPERATORS_MAX: usize = 16;
/// Pages that read much of the chain made at the same time; more wait.
pub(crate) const HEAVY_TURNS: usize = 2;
/// Such pages made or waiting; more are answered with 503.
pub(crate) const HEAVY_PLACES: usize = 16;
/// Seconds after which who was answered so may come back.
pub(crate) const HEAVY_RETRY_SECS: u32 = 5;
/// A client that has not sent its request line and headers by then is cut off.
pub(crate) const REQUEST_WAIT: Duration = Duration::from_secs(10);
/// A form that has not arrived whole by then is answered with 408 and its connection closed.
pub(crate) const BODY_WAIT: Duration = Duration::from_secs(10);
/// An idle connection is closed after this.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Requests still running when the process stops have this long.
pub(crate) const STOP_WAIT_SECS: u64 = 5;

/// How long one poll of a running query waits for news.
pub(crate) const NEWS_WAIT: Duration = Duration::from_secs(8);
/// Without script a running query is drawn again after this many seconds.
pub(crate) const REFRESH_SECS: u64 = 1;

/// How long a browser keeps the language and the display setting.
pub(crate) const TASTE_DAYS: i64 = 365;

/// Bars of a chart; days beyond are left out at the old end.
pub(crate) const BARS_MAX: usize = 92;

/// Longest wait for one answer of an identity provider.
pub(crate) const OIDC_ANSWER_WAIT: Duration = Duration::from_secs(8);
/// Longest wait for a connection to it.
pub(crate) const OIDC_CONNECT_WAIT: Duration = Duration::from_secs(4);
/// Bytes of one answer of it.
pub(crate) const OIDC_ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long what it says of itself, its keys among that, is believed without asking again.
pub(crate) const OIDC_KNOWN: Duration = Duration::from_secs(5 * 60);
/// How long it is not asked again after it did not answer.
pub(crate) const OIDC_DOWN: Duration = Duration::from_secs(3);

const _: () = assert!(FIELD_BYTES_MAX < FORM_BYTES_MAX);
const _: () = assert!(UNSENT_FORM_BYTES_MAX <= FORM_BYTES_MAX);
const _: () = assert!(UNSENT_KEPT.as_millis() == UNSENT_KEPT_MS.unsigned_abs() as u128);
