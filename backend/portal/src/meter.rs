//! What is measured about the portal itself: how many requests ended how.

use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::desk::Desk;

/// Classes of status codes: 1xx to 5xx.
const CLASSES: usize = 5;

/// Counts since the process started.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    answers: [AtomicU64; CLASSES],
}

impl Meter {
    /// Counts an answer.
    fn note(&self, status: u16) {
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(count) = self.answers.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Class (`2xx`) and count, for every class.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (String, u64)> {
        self.answers
            .iter()
            .zip(1..)
            .map(|(count, class)| (format!("{class}xx"), count.load(Ordering::Relaxed)))
    }
}

/// Counts every answer.
pub(crate) async fn count(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let desk = request.app_data::<web::Data<Desk>>().cloned();
    let answer = next.call(request).await?;
    if let Some(desk) = desk {
        desk.meter.note(answer.status().as_u16());
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_class() {
        let meter = Meter::default();
        for status in [200, 204, 303, 422, 500, 999, 0] {
            meter.note(status);
        }
        let counts: Vec<_> = meter.counts().map(|(_, count)| count).collect();
        assert_eq!(counts, [1, 2, 1, 1, 1]);
    }
}
