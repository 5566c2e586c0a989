//! Pages that read much of the chain: made off the threads that answer requests, few at a time.
//!
//! A receipt's page reads thousands of blocks and checks their signatures again. Made where requests are
//! answered, two of them would keep everybody waiting; made without a bound, a few dozen would keep every
//! core and much memory. So a few are made at once, some more wait their turn, and who comes beyond that
//! is told so at once (503, with the time to come back).

use std::future::Future;
use std::sync::Arc;

use services::ServiceError;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use crate::error::PortalError;
use crate::limits;

/// The bound. One per portal.
pub(crate) struct Heavy {
    /// Pages that are made or wait.
    places: Arc<Semaphore>,
    /// Pages that are made now.
    turns: Arc<Semaphore>,
}

impl Default for Heavy {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits::HEAVY_PLACES)),
            turns: Arc::new(Semaphore::new(limits::HEAVY_TURNS)),
        }
    }
}

impl Heavy {
    /// Does the work of a page on a thread of its own, when its turn comes.
    ///
    /// # Errors
    /// [`PortalError::Busy`] when all places are taken, and what the work says.
    pub(crate) async fn make<T, Work>(
        &self,
        work: impl FnOnce() -> Work + Send + 'static,
    ) -> Result<T, PortalError>
    where
        T: Send + 'static,
        Work: Future<Output = Result<T, ServiceError>>,
    {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| PortalError::Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| PortalError::Busy)?;
        let here = Handle::current();
        let made = tokio::task::spawn_blocking(move || {
            // Held until the work is done, even if nobody waits for its page any more.
            let _held = (place, turn);
            here.block_on(work())
        });
        match made.await {
            Ok(made) => Ok(made?),
            Err(cause) => {
                tracing::error!(%cause, "a page could not be made");
                Err(PortalError::Drawing)
            }
        }
    }

    /// The same for work that nobody needs but who waits for its page: given up when they leave, at the next
    /// place where it lets others run.
    ///
    /// # Errors
    /// As [`Self::make`].
    pub(crate) async fn make_while_awaited<T, Work>(
        &self,
        work: impl FnOnce() -> Work + Send + 'static,
    ) -> Result<T, PortalError>
    where
        T: Send + 'static,
        Work: Future<Output = Result<T, ServiceError>>,
    {
        // Dropped with this future.
        let (_awaits, left) = oneshot::channel::<()>();
        let made = self.make(move || async move {
            tokio::select! {
                made = work() => made.map(Some),
                _ = left => Ok(None),
            }
        });
        // Whoever reads this waits still.
        made.await?.ok_or(PortalError::Drawing)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::mpsc;
    use std::task::Poll;

    use tokio::sync::mpsc::unbounded_channel;
    use tokio::task::LocalSet;

    use super::*;

    #[tokio::test]
    async fn heavy_pages_leave_the_thread_free_wait_their_turn_and_are_refused_beyond_that() {
        let heavy = Arc::new(Heavy::default());
        let (began, mut begun) = unbounded_channel();
        let mut ends = Vec::new();
        let local = LocalSet::new();
        let mut pages = Vec::new();
        for number in 0..limits::HEAVY_PLACES {
            let (end, ended) = mpsc::channel::<()>();
            ends.push(end);
            let (heavy, began) = (Arc::clone(&heavy), began.clone());
            pages.push(local.spawn_local(async move {
                let page = heavy.make(move || {
                    began.send(number).unwrap();
                    // Blocks its thread, as reading a chain does.
                    ended.recv().unwrap();
                    async move { Ok(number) }
                });
                page.await
            }));
        }
        local
            .run_until(async {
                for _ in 0..limits::HEAVY_TURNS {
                    begun.recv().await.unwrap();
                }
                // All turns are blocked, and this thread, the only one that answers, goes on.
                assert!(begun.try_recv().is_err(), "more than {} at once", limits::HEAVY_TURNS);
                // Each of the others has taken its place once it was looked at.
                let mut is_looked_at = false;
                poll_fn(|context| {
                    if std::mem::replace(&mut is_looked_at, true) {
                        return Poll::Ready(());
                    }
                    context.waker().wake_by_ref();
                    Poll::Pending
                })
                .await;
                assert_eq!(heavy.make(|| async { Ok(0) }).await, Err(PortalError::Busy));
                for end in &ends {
                    end.send(()).unwrap();
                }
                for (number, page) in pages.into_iter().enumerate() {
                    assert_eq!(page.await.unwrap(), Ok(number));
                }
                assert_eq!(heavy.make(|| async { Ok(1) }).await, Ok(1), "places are given back");
            })
            .await;
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_ends_and_gives_its_place_back() {
        let heavy = Arc::new(Heavy::default());
        let (began, mut begun) = unbounded_channel();
        let (gone, mut ended) = unbounded_channel();
        let page = heavy.make_while_awaited(move || async move {
            let _told = Told(gone);
            began.send(()).unwrap();
            std::future::pending::<()>().await;
            Ok(())
        });
        let mut page = Box::pin(page);
        tokio::select! {
            _ = &mut page => panic!("it ended by itself"),
            () = async { begun.recv().await.unwrap() } => {}
        }
        drop(page);
        ended.recv().await.unwrap();
        assert_eq!(heavy.make_while_awaited(|| async { Ok(1) }).await, Ok(1));
    }

    struct Told(tokio::sync::mpsc::UnboundedSender<()>);

    impl Drop for Told {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
}
