//! What kind of screen and browser it is.

/// What kind of screen and browser it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Of the screen, in CSS pixels.
    pub width: u32,
    /// Of the screen, in CSS pixels.
    pub height: u32,
    /// Whether the person likes dark pages.
    pub is_dark: bool,
    /// Whether scripts of pages run. Only Chromium can do without.
    pub has_scripts: bool,
    /// Whether the browser keeps cookies.
    pub keeps_cookies: bool,
}

impl Look {
    /// A screen on a desk.
    pub const DESK: Self =
        Self { width: 1280, height: 900, is_dark: false, has_scripts: true, keeps_cookies: true };
    /// A phone.
    pub const PHONE: Self = Self { width: 390, height: 844, ..Self::DESK };

    /// The same at night.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { is_dark: true, ..self }
    }

    /// The same with scripts switched off.
    #[must_use]
    pub const fn without_scripts(self) -> Self {
        Self { has_scripts: false, ..self }
    }

    /// The same with cookies blocked.
    #[must_use]
    pub const fn without_cookies(self) -> Self {
        Self { keeps_cookies: false, ..self }
    }
}
