//! How many contents arrive and leave at once.
//!
//! Of each that arrives one blob is held in memory, and of each that leaves one piece. So the number of all is
//! what bounds the memory; and the shares of accounts and networks are what leaves room for the others.

use std::{net::IpAddr, time::Duration};

use vestibule::{Detail, ErrorCode, Problem, core::id::UserId};

use crate::permits::{Holder, NoPermit, Permit, Permits};

/// Uploads at once, of everybody. With four mebibytes each.
const UPLOADS: usize = 32;
/// Uploads at once, of one account: more than a browser opens connections.
const UPLOADS_OF_ONE: usize = 8;
/// Downloads at once, of everybody. With half a mebibyte each.
const DOWNLOADS: usize = 256;
/// How long somebody waits for a place before they are asked to come again.
const WAIT: Duration = Duration::from_secs(10);
/// When that may be.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// The places.
pub(crate) struct UploadSlots {
    uploads: Permits,
    downloads: Permits,
}

impl Default for UploadSlots {
    fn default() -> Self {
        Self {
            uploads: Permits::new("uploads", UPLOADS),
            downloads: Permits::new("downloads", DOWNLOADS),
        }
    }
}

impl UploadSlots {
    /// Waits for a place for a content that arrives.
    ///
    /// # Errors
    /// `rate_limited` for an account or a network that has its share already, `unavailable` where everybody
    /// together has all.
    pub(crate) async fn upload(&self, who: UserId, client: IpAddr) -> Result<Permit, Problem> {
        let account = Holder::Account(who);
        if self.uploads.held(account) >= UPLOADS_OF_ONE {
            self.uploads.count_refusal(NoPermit::Of(account));
            return Err(too_many_uploads());
        }
        let taken = self.uploads.take(&[account, Holder::network_of(client)], WAIT).await;
        taken.map_err(|no_place| match no_place {
            NoPermit::All => Problem::unavailable(TRY_AGAIN),
            NoPermit::Of(Holder::Account(_)) => too_many_uploads(),
            NoPermit::Of(Holder::Network(_)) => network_busy(),
        })
    }

    /// Waits for a place for a content that leaves.
    ///
    /// # Errors
    /// As for [`UploadSlots::upload`].
    pub(crate) async fn download(&self, who: UserId, client: IpAddr) -> Result<Permit, Problem> {
        let holders = [Holder::Account(who), Holder::network_of(client)];
        let taken = self.downloads.take(&holders, WAIT).await;
        taken.map_err(|no_place| match no_place {
            NoPermit::All => Problem::unavailable(TRY_AGAIN),
            NoPermit::Of(Holder::Account(_)) => {
                let text =
                    "Too many of your downloads are running. Wait until one of them has finished.";
                limited(Detail::new("too_many_downloads", text))
            }
            NoPermit::Of(Holder::Network(_)) => network_busy(),
        })
    }
}

fn too_many_uploads() -> Problem {
    let text = format!(
        "{UPLOADS_OF_ONE} of your uploads are already running. Wait until one of them has finished."
    );
    let most = u64::try_from(UPLOADS_OF_ONE).unwrap_or(u64::MAX);
    limited(Detail::new("too_many_uploads", text).with("max", most))
}

fn network_busy() -> Problem {
    let text = "Too many transfers from your network are running. Try again in a moment.";
    limited(Detail::new("network_busy", text))
}

fn limited(reason: Detail) -> Problem {
    let problem = Problem::new(ErrorCode::RateLimited).because(&reason);
    Problem { retry_after: Some(TRY_AGAIN), ..problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOMEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

    fn elsewhere(network: u8) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::new(203, 0, network, 1))
    }

    async fn as_many_as_possible(
        upload_slots: &UploadSlots,
        who: i64,
        client: IpAddr,
    ) -> Vec<Permit> {
        let mut held = Vec::new();
        while let Ok(place) = upload_slots.upload(UserId(who), client).await {
            held.push(place);
        }
        held
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_has_a_bound_of_its_own() {
        let upload_slots = UploadSlots::default();
        let held = as_many_as_possible(&upload_slots, 1, SOMEWHERE).await;
        assert_eq!(held.len(), UPLOADS_OF_ONE);
        let refused = upload_slots.upload(UserId(1), elsewhere(1)).await.err().unwrap();
        assert_eq!((refused.code, refused.retry_after), (ErrorCode::RateLimited, Some(TRY_AGAIN)));
        drop(held);
        assert!(upload_slots.upload(UserId(1), SOMEWHERE).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_accounts_leave_room_for_others_wherever_they_are() {
        let upload_slots = UploadSlots::default();
        let mut held = Vec::new();
        for who in 0..8 {
            held.extend(as_many_as_possible(&upload_slots, who, SOMEWHERE).await);
        }
        assert_eq!(held.len(), UPLOADS.div_ceil(3), "of one network");
        for who in 8..12 {
            let network = u8::try_from(who).unwrap();
            held.extend(as_many_as_possible(&upload_slots, who, elsewhere(network)).await);
        }
        assert!(upload_slots.upload(UserId(99), elsewhere(99)).await.is_ok());
        let refused = upload_slots.upload(UserId(98), SOMEWHERE).await.err().unwrap();
        assert_eq!(refused.code, ErrorCode::RateLimited);
    }

    #[tokio::test(start_paused = true)]
    async fn all_together_have_a_bound() {
        let upload_slots = UploadSlots::default();
        let mut held = Vec::new();
        for who in 0..u8::try_from(UPLOADS).unwrap() {
            held.push(upload_slots.upload(UserId(who.into()), elsewhere(who)).await.ok().unwrap());
        }
        let refused = upload_slots.upload(UserId(99), elsewhere(99)).await.err().unwrap();
        assert_eq!((refused.code, refused.retry_after), (ErrorCode::Unavailable, Some(TRY_AGAIN)));
    }

    #[tokio::test(start_paused = true)]
    async fn downloads_are_shared_as_well() {
        let upload_slots = UploadSlots::default();
        let mut held = Vec::new();
        while let Ok(place) = upload_slots.download(UserId(1), SOMEWHERE).await {
            held.push(place);
        }
        assert_eq!(held.len(), DOWNLOADS.div_ceil(3));
        let refused = upload_slots.download(UserId(1), elsewhere(1)).await.err().unwrap();
        assert_eq!(refused.code, ErrorCode::RateLimited);
        assert!(upload_slots.download(UserId(2), elsewhere(1)).await.is_ok());
    }
}
