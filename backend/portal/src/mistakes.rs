//! What is wrong with a form that is shown again.

use services::{Code, OfficeRefusal, ServiceError};

use crate::error::PortalError;
use crate::frame::Frame;
use crate::sentence;
use crate::visit::Visit;

/// What is wrong with a form that is shown again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mistakes {
    /// Wrong fields and the codes of their mistakes, in the order of the form.
    pub(crate) fields: Vec<(&'static str, &'static str)>,
    /// The sentence of a refusal or denial.
    pub(crate) sentence: Option<String>,
}

impl Mistakes {
    /// Takes what a form can be shown again with; anything else goes on as an error.
    pub(crate) async fn from(
        f: &Frame,
        visit: Option<&Visit>,
        error: ServiceError,
    ) -> Result<Self, PortalError> {
        let sentence = match error {
            ServiceError::Invalid(fields) => {
                let fields = fields.into_iter().map(|mistake| (mistake.field, mistake.code.code())).collect();
                return Ok(Self { fields, sentence: None });
            }
            ServiceError::Refused(Code::Office(
                OfficeRefusal::SessionEnded
                | OfficeRefusal::SessionFactorDue
                | OfficeRefusal::SessionPasswordDue
                | OfficeRefusal::StepUpDue,
            )) => return Err(error.into()),
            ServiceError::Refused(code) => f.refusal(code.code()),
            ServiceError::Denied { action, by } => {
                sentence::attempt(f, &sentence::denied(f, visit, action, &by).await)
            }
            ServiceError::Lapsed => f.t("error-lapsed-text").to_string(),
            ServiceError::Behind => f.t("error-behind-text").to_string(),
            other @ (ServiceError::NotFound | ServiceError::Fault { .. }) => return Err(other.into()),
        };
        Ok(Self { fields: Vec::new(), sentence: Some(sentence) })
    }

    /// Whether there is anything to show.
    pub(crate) fn any(&self) -> bool {
        !self.fields.is_empty() || self.sentence.is_some()
    }

    /// The code of a field's mistake.
    pub(crate) fn of(&self, field: &str) -> Option<&'static str> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, code)| *code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_knows_the_mistake_of_each_field() {
        let mistakes = Mistakes { fields: vec![("case_no", "missing")], sentence: None };
        assert!(mistakes.any());
        assert_eq!(mistakes.of("case_no"), Some("missing"));
        assert_eq!(mistakes.of("name"), None);
    }
}
