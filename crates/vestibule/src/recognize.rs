//! Who a page about a refusal greets: found without changing anything.

use vestibule_core::{error::ErrorCode, user::UserStatus};

use crate::{credentials::Presented, problem::Problem, visit::Visit};

/// The person a page greets. Being recognized allows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognized {
    /// Their user name.
    pub username: String,
    /// Whether they are a super user.
    pub is_super_user: bool,
}

impl Visit {
    /// Whose session this request's cookies belong to, even if the request itself was refused: a page about a
    /// refusal shows a signed-in visitor as signed in.
    #[must_use]
    pub fn recognized(&self) -> Option<Recognized> {
        if let Some(caller) = self.known_caller() {
            return Some(Recognized {
                username: caller.username().to_owned(),
                is_super_user: caller.is_super_user(),
            });
        }
        self.0.recognized.get().cloned().or_else(|| self.by_access_cookie())
    }

    /// Finds out who is there for a page about `problem`. Nothing is renewed, and an outage is not asked again.
    pub(crate) async fn recognize_for_page(&self, problem: &Problem) {
        let is_outage = matches!(problem.code, ErrorCode::Unavailable | ErrorCode::Internal);
        if is_outage || self.recognized().is_some() {
            return;
        }
        if let Some(found) = self.by_refresh_cookie().await {
            // Both tries of one request find the same.
            let _ = self.0.recognized.set(found);
        }
    }

    fn by_access_cookie(&self) -> Option<Recognized> {
        let Presented::Cookies(tokens) = self.presented() else { return None };
        if self.has_cookies_of_two() {
            return None;
        }
        let verified = self.good_access(tokens.access.as_ref()?.expose())?;
        let claims = &verified.claims;
        Some(Recognized { username: claims.username.clone(), is_super_user: claims.is_admin })
    }

    /// The access token has expired, and the session goes on.
    async fn by_refresh_cookie(&self) -> Option<Recognized> {
        let Presented::Cookies(tokens) = self.presented() else { return None };
        if self.is_forgetting() || self.has_cookies_of_two() {
            return None;
        }
        let auth = &self.auth().0;
        let refresh = auth.issuer.read_refresh(tokens.refresh.as_ref()?.expose()).ok()?;
        let session = auth.session(refresh.session_id).await.ok()??;
        if session.over(self.auth().now()).is_some() {
            return None;
        }
        let user = auth.users.user(session.user_id).await.ok()??;
        (user.status == UserStatus::Active).then(|| Recognized {
            username: user.username.clone(),
            is_super_user: user.is_super_user,
        })
    }
}
