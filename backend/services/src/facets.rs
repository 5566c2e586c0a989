//! Values by which a list can be narrowed, each with the number of rows it would leave: one way of
//! counting for the catalogue and the access log. Each facet is counted without itself.

use sqlx::{QueryBuilder, Sqlite, SqlitePool};

use crate::error::ServiceError;
use crate::limits;
use crate::names::Names;
use crate::words::Words;

/// A value of a facet with the number of rows that choosing it would show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// What the address carries.
    pub value: String,
    /// Its name where the chain or a table gives one; else the portal's text of the code.
    pub label: Option<Words>,
    /// Rows.
    pub count: u64,
    /// It is chosen now.
    pub on: bool,
}

impl FacetValue {
    /// A value, chosen or not, without a name of its own.
    pub(crate) fn new(value: impl Into<String>, count: i64, on: bool) -> Self {
        Self { value: value.into(), label: None, count: count.unsigned_abs(), on }
    }

    /// The same under a name.
    pub(crate) fn named(self, label: Option<Words>) -> Self {
        Self { label, ..self }
    }

    /// The same under the name of the department it is the code of.
    pub(crate) fn of_department(self, names: &Names) -> Self {
        let name = names.of(&self.value).name;
        self.named(Some(name))
    }

    /// Whether it stands in the list: chosen, or worth choosing.
    pub(crate) const fn is_offered(&self) -> bool {
        self.count > 0 || self.on
    }
}

/// The values a statement groups by, the most frequent first. It selects a text and a count.
pub(crate) async fn grouped(
    pool: &SqlitePool,
    mut statement: QueryBuilder<Sqlite>,
    chosen: Option<&str>,
) -> Result<Vec<FacetValue>, ServiceError> {
    statement.push(" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ").push_bind(limits::FACET_VALUES_MAX);
    let rows: Vec<(String, i64)> = statement.build_query_as().fetch_all(pool).await?;
    let value = |(value, count): (String, i64)| {
        let on = chosen == Some(&*value);
        FacetValue::new(value, count, on)
    };
    Ok(rows.into_iter().map(value).collect())
}

/// What a statement counts.
pub(crate) async fn counted(
    pool: &SqlitePool,
    mut statement: QueryBuilder<Sqlite>,
) -> Result<i64, ServiceError> {
    Ok(statement.build_query_scalar().fetch_one(pool).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_value_stays_in_the_list_when_nothing_has_it() {
        assert!(FacetValue::new("a", 0, true).is_offered());
        assert!(FacetValue::new("a", 1, false).is_offered());
        assert!(!FacetValue::new("a", 0, false).is_offered());
    }
}
