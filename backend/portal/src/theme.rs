//! Light, dark, or as the desktop says: kept in a cookie, written into the page by the server.

/// How pages are displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the desktop says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Value of `data-theme` and of the cookie.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The display a cookie or form names; light otherwise.
    pub(crate) fn of(code: Option<&str>) -> Self {
        match code {
            Some("auto") => Self::Auto,
            Some("dark") => Self::Dark,
            _ => Self::Light,
        }
    }

    /// What the button in the top bar changes to.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
            Self::Auto => Self::Light,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_button_goes_round() {
        let mut seen = vec![Theme::Light];
        while seen.len() < 4 {
            seen.push(seen.last().unwrap().next());
        }
        assert_eq!(seen, [Theme::Light, Theme::Dark, Theme::Auto, Theme::Light]);
        for theme in seen {
            assert_eq!(Theme::of(Some(theme.code())), theme);
        }
    }
}
