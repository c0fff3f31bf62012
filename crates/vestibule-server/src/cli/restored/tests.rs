use std::path::Path;

use vestibule::{
    SystemEntropy, check_history,
    core::{
        name::EmailAddress,
        one_time::{LinkSecret, OneTime, Purpose},
        ring::KeyState,
        store::{Feed as _, KeyStore as _, OneTimeTokens as _},
        time::Clock as _,
    },
    feed_position,
};
use vestibule_files::Blobs;
use vestibule_site::{
    file::{BlobKey, PlaceNote},
    id::PlaceId,
    store::SiteStore,
};

use super::carry_out;
use crate::{
    cli::{
        arguments::Command,
        context::fixture::{Detail, Site, parse},
    },
    config,
};

fn blobs(folder: &Path) -> Blobs {
    Blobs::in_folder(&folder.join("files")).unwrap()
}

async fn run(site: &Site, folder: &Path, line: &str) -> Detail {
    let Command::Restored(what) = parse(line) else {
        panic!("{line}");
    };
    let loaded = config::load(&config::ConfigFlags::default(), [], folder).unwrap();
    let blobs = blobs(folder);
    site.hear(async |context, console| {
        carry_out(&what, &loaded.settings, &blobs, context, console).await
    })
    .await
}

#[tokio::test]
async fn nothing_from_before_a_restore_is_good() {
    let (site, folder) = (Site::new(), tempfile::tempdir().unwrap());
    let ada = site.user("ada", false).await;
    let session = site.session(&ada, "phone").await;
    let email = EmailAddress::parse(&ada.email).unwrap();
    let token = LinkSecret::draw(&SystemEntropy);
    let token = OneTime::new(&token, Purpose::ResetPassword, ada.id, &email, site.clock.now());
    site.store.put_one_time(&token).await.unwrap();
    run(&site, folder.path(), "restored").await.success();
    let before = feed_position(&site.store).await.unwrap();
    let (_, keys) = site.store.key_ring().await.unwrap();

    site.clock.advance(5);
    let again = site.session(&ada, "phone").await;
    let said = run(&site, folder.path(), "restored").await;
    assert!(said.success().starts_with("Voided 0 mailed links.\nEnded 1 session.\n"));
    for session in [&session, &again] {
        assert!(site.end_of(session).await.is_some());
    }
    assert_eq!(site.store.one_time(&token.key()).await.unwrap(), None);
    let (_, after) = site.store.key_ring().await.unwrap();
    for key in &keys {
        let same = after.iter().find(|now| now.kid == key.kid).unwrap();
        assert_eq!(same.state, KeyState::Retired);
    }
    let epoch = site.store.epoch().await.unwrap();
    assert_ne!(epoch.id, before.epoch.id);
    assert_eq!(epoch.began_at, site.clock.now());
    assert_eq!(check_history(&site.store, &before).await.unwrap(), Ok(()), "it was seen to");
}

#[tokio::test]
async fn files_of_another_database_are_taken_over_only_where_that_is_said() {
    let (site, folder) = (Site::new(), tempfile::tempdir().unwrap());
    let blobs = blobs(folder.path());
    let key = BlobKey::from_bytes([0xab; 16]);
    blobs.put(key, "a content".into()).await.unwrap();
    let note = PlaceNote { id: PlaceId::from_bytes([1; 16]), position: None };
    assert!(blobs.write_first_note(&note).await.unwrap());
    let ada = site.user("ada", false).await;
    let session = site.session(&ada, "phone").await;

    let refused = run(&site, folder.path(), "restored").await.ended.unwrap_err();
    assert_eq!(refused.status(), 2);
    assert!(refused.to_string().contains("belong to another database"), "{refused}");
    assert!(refused.to_string().contains("vestibule restored --adopt-files"), "{refused}");
    assert_eq!(site.end_of(&session).await, None, "nothing was done");

    let said = run(&site, folder.path(), "restored --adopt-files").await;
    assert!(
        said.success()
            .contains(&format!("Kept 1 piece that this database does not know:\n  {key}\n"))
    );
    let taken = blobs.note().await.unwrap().unwrap();
    assert_ne!(taken.id, note.id);
    let store: &dyn SiteStore = &site.store;
    crate::services::files::settle(&blobs, store, &SystemEntropy).await.unwrap();
    run(&site, folder.path(), "restored").await.success();
}
