//! The two choices about how pages look: their language and their display.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;

use crate::address;
use crate::language::Language;
use crate::session;
use crate::theme::Theme;
use crate::visit::{Guest, Sent};

/// `POST /language`
pub(crate) async fn language(guest: Guest, sent: Sent) -> HttpResponse {
    let language = Language::from_tag(sent.0.one("to")).unwrap_or(guest.language);
    HttpResponse::SeeOther()
        .cookie(session::taste(&guest.desk.cookies.language, language.tag()))
        .insert_header((LOCATION, address::own_place(sent.0.one("next"))))
        .finish()
}

/// `POST /theme`
pub(crate) async fn theme(guest: Guest, sent: Sent) -> HttpResponse {
    let theme = Theme::of(Some(sent.0.one("to")));
    HttpResponse::SeeOther()
        .cookie(session::taste(&guest.desk.cookies.theme, theme.code()))
        .insert_header((LOCATION, address::own_place(sent.0.one("next"))))
        .finish()
}
