//! A bound of what one officer may ask: told to them, noted, and seen by the security administrator of their
//! own department alone.

use services::codes::Bound;
use services::queries::{self, QueryInput};
use services::{OfficeRefusal, Officer, Role, ServiceError, worklist};

use crate::query::{a_query, answered, sent};
use crate::town::{QUERIES_PER_HOUR, Town};

/// The same form drawn anew.
async fn anew(town: &Town, clerk: &Officer, input: &QueryInput) -> QueryInput {
    let form = queries::form(&town.sz.office, clerk, &input.grant).await.unwrap();
    let mut anew = input.clone();
    anew.form_id = form.form_id;
    anew
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_at_a_bound_hears_it_and_their_security_administrator_sees_their_name() {
    let town = Town::large().await;
    let office = &town.sz.office;
    let clerk = town.sz.officer("cheng", Role::BizUser).await;
    let approver = town.gz.officer("lin", Role::ProvApprover).await;
    let input = a_query(&town, &clerk, &approver).await;
    let first = sent(queries::ask(office, &clerk, input.clone()).await.unwrap());
    for _ in 1..QUERIES_PER_HOUR {
        queries::ask(office, &clerk, anew(&town, &clerk, &input).await).await.unwrap();
    }
    for _ in 0..2 {
        let told = queries::ask(office, &clerk, anew(&town, &clerk, &input).await).await;
        assert_eq!(told, Err(ServiceError::Refused(OfficeRefusal::OfficerPerHour.into())));
    }
    let again = queries::ask(office, &clerk, input.clone()).await.unwrap();
    assert_eq!(sent(again), first, "a form sent before");
    // A colleague may go on.
    let colleague = town.sz.officer("ye", Role::BizUser).await;
    let other = anew(&town, &colleague, &input).await;
    let id = sent(queries::ask(office, &colleague, other).await.unwrap());
    answered(&town, &colleague, &id).await;

    let noted = town.sz.audit.newest(60).await.unwrap();
    let noted: Vec<_> = noted.iter().filter(|entry| entry.event == "bound.reach").collect();
    assert_eq!(noted.len(), 2);
    assert!(noted.iter().all(|entry| entry.account == "cheng" && entry.object == input.grant));
    assert!(noted.iter().all(|entry| entry.outcome == "officer.per-hour"));
    assert_eq!(
        office.turned_away().await.unwrap(),
        [(Bound::AtOnce, 0), (Bound::PerHour, 2), (Bound::Share, 0)]
    );

    let alarms = async |house: &crate::town::Department, account, role| {
        let officer = house.officer(account, role).await;
        worklist::home(&house.office, &officer).await.unwrap().alarms
    };
    let seen = alarms(&town.sz, "luo", Role::SecAdmin).await;
    let [alarm] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!((&*alarm.name, &*alarm.account), ("cheng 女士", "cheng"));
    assert_eq!((alarm.bound, alarm.times), (Bound::PerHour, 2));
    assert!(alarm.staff.is_some() && alarm.grant.as_ref().is_some_and(|grant| grant.id == input.grant));
    for (house, account, role) in [
        (&town.sz, "he", Role::SysAdmin),
        (&town.sz, "wei", Role::AuditAdmin),
        (&town.sz, "zhou", Role::BizUser),
        (&town.gz, "tang", Role::SecAdmin),
        (&town.jd, "gu", Role::SecAdmin),
    ] {
        assert_eq!(alarms(house, account, role).await, [], "{account}");
    }
    // A query that waited for its second officer comes to the bound when it is confirmed: they hear it.
    let mut of_two = anew(&town, &clerk, &input).await;
    of_two.items = vec!["GRZHZT".to_owned()];
    let asked = queries::ask(office, &clerk, of_two).await.unwrap();
    let queries::AskedView::Waits(step) = asked else { panic!("{asked:?}") };
    let told = services::countersigning::sign(office, &colleague, &step.id, "").await.err();
    assert_eq!(told, Some(ServiceError::Refused(OfficeRefusal::OfficerPerHour.into())));
    let newest = town.sz.audit.newest(1).await.unwrap();
    assert_eq!((newest[0].event.as_str(), newest[0].account.as_str()), ("bound.reach", "ye"));
    town.stop().await;
}
