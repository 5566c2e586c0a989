//! A panic anywhere in the process ends it as a fault: work that stopped in the middle is silence otherwise, and
//! what it held may be half done. Everything goes on from disk at the next start.

use std::panic;

use tokio::sync::watch;

/// What panicked first, once something has.
pub(crate) struct Panics(watch::Receiver<Option<String>>);

/// From here on every panic of the process is told, on whatever thread and in whatever task it happens.
pub(crate) fn watch() -> Panics {
    let (told, panics) = watch::channel(None);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        before(panicked);
        let thread = std::thread::current();
        let place = panicked.location().map_or_else(String::new, |place| format!(" at {place}"));
        let text = format!("{}{place}", thread.name().unwrap_or("a thread"));
        told.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                *first = Some(text);
            }
            is_first
        });
    }));
    Panics(panics)
}

impl Panics {
    /// Resolves when something has panicked: where.
    pub(crate) async fn first(&mut self) -> String {
        match self.0.wait_for(Option::is_some).await {
            Ok(place) => place.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await, // another hook stands in its place
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_any_task_or_thread_is_told() {
        for in_task in [true, false] {
            let mut panics = watch();
            assert!(panics.0.borrow().is_none());
            if in_task {
                tokio::spawn(async { panic!("as it must not") }).await.unwrap_err();
            } else {
                std::thread::spawn(|| panic!("as it must not")).join().unwrap_err();
            }
            assert!(panics.first().await.contains("panics.rs"));
        }
    }
}
