//! Files and accounts that come and go at the same time.

use std::time::Duration;

use vestibule_core::{
    id::UserId,
    store::{Erasure as _, UserStore as _},
    user::{UserChange, UserStatus},
};
use vestibule_postgres::PostgresStore;
use vestibule_site::{
    file::{Blob, BlobKey, Content, FileName, NewFile, Quota, Upload, sha256},
    id::{FileId, UploadId},
    store::{FileCatalogue as _, NotKept, Replacement},
};
use vestibule_testkit::{
    postgres::Database,
    samples::{START, at, new_user},
};

use crate::{
    races::{begin, run, somebody_waits},
    target,
};

const QUOTA: Quota = Quota { bytes: 1_000_000, files: 1000 };

fn content(number: u8) -> Content {
    let key = BlobKey::from_bytes([number; 16]);
    let blob = Blob { key, size: 10, digest: sha256(&[number]) };
    Content { kind: "text/plain".to_owned(), blobs: vec![blob] }
}

fn new_file(number: u8, owner: UserId) -> NewFile {
    let name = FileName::parse("a.txt").unwrap();
    NewFile { id: FileId::from_bytes([number; 16]), owner, name, content: content(number) }
}

async fn delete_account(store: &PostgresStore, user: UserId) {
    let change = UserChange { status: Some(UserStatus::Deleted), ..UserChange::default() };
    store.change_user(user, &change, at(9)).await.unwrap().unwrap().unwrap();
}

async fn erase(store: &PostgresStore) {
    store.erase_deleted(at(100), 10, at(100)).await.unwrap();
}

/// Nothing is kept for an account that is erased, and no blob without its file.
fn is_whole(database: &Database<'_>) {
    let left = database.sql(
        "SELECT (SELECT count(*) FROM files JOIN users ON users.id = owner WHERE users.email = '') \
         + (SELECT count(*) FROM usages JOIN users ON users.id = owner WHERE users.email = '') \
         + (SELECT count(*) FROM blobs WHERE holder IS NOT NULL AND holder NOT IN \
         (SELECT id FROM files UNION ALL SELECT id FROM uploads))",
    );
    assert_eq!(left, "0");
    let miscounted = database.sql(
        "SELECT count(*) FROM usages WHERE bytes <> \
         (SELECT COALESCE(sum(size), 0) FROM files WHERE files.owner = usages.owner)",
    );
    assert_eq!(miscounted, "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_waits_for_its_account_that_is_being_deleted_and_is_not_kept() {
    let (store, database) = target::store().await;
    let ann = store.create_user(&new_user("ann"), START).await.unwrap().unwrap().id;
    let mut other = begin(&database).await;
    run(&mut other, &format!("UPDATE users SET status = 'deleted' WHERE id = {ann}")).await;
    let making = {
        let store = store.clone();
        tokio::spawn(async move { store.create_file(&new_file(1, ann), &QUOTA, at(1)).await })
    };
    somebody_waits(&database).await;
    run(&mut other, "COMMIT").await;
    assert_eq!(making.await.unwrap().unwrap(), Err(NotKept::NoOwner));
    is_whole(&database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_waits_for_a_content_that_is_being_replaced_and_takes_it_along() {
    let (store, database) = target::store().await;
    let ann = store.create_user(&new_user("ann"), START).await.unwrap().unwrap().id;
    store.create_file(&new_file(1, ann), &QUOTA, at(1)).await.unwrap().unwrap();
    delete_account(&store, ann).await;
    // As a replacement does, up to its last statement.
    let mut other = begin(&database).await;
    let held = "UPDATE files SET version = version + 1";
    let drop = "UPDATE blobs SET holder = NULL, dropped_at = 1 WHERE holder IS NOT NULL";
    let add = format!(
        "INSERT INTO blobs (key, holder, first_byte, size, digest) \
         SELECT '\\x{}', id, 0, 10, '' FROM files",
        "02".repeat(16)
    );
    for statement in [held, drop, &add] {
        run(&mut other, statement).await;
    }
    let erasing = {
        let store = store.clone();
        tokio::spawn(async move { erase(&store).await })
    };
    somebody_waits(&database).await;
    run(&mut other, "COMMIT").await;
    erasing.await.unwrap();
    is_whole(&database);
    assert_eq!(store.dropped_blobs(at(200), 10).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_waits_for_an_upload_that_is_being_finished_and_takes_it_along() {
    let (store, database) = target::store().await;
    let ann = store.create_user(&new_user("ann"), START).await.unwrap().unwrap().id;
    let upload = Upload {
        id: UploadId::from_bytes([1; 16]),
        owner: ann,
        name: FileName::parse("a.txt").unwrap(),
        size: 10,
        created_at: at(1),
        touched_at: at(1),
        blobs: Vec::new(),
    };
    store.begin_upload(&upload, &QUOTA).await.unwrap().unwrap();
    delete_account(&store, ann).await;
    // As finishing does: it holds the upload, and only then refers to the account.
    let mut other = begin(&database).await;
    run(&mut other, "SELECT id FROM uploads FOR UPDATE").await;
    let erasing = {
        let store = store.clone();
        tokio::spawn(async move { erase(&store).await })
    };
    somebody_waits(&database).await;
    let file = "INSERT INTO files SELECT id, owner, name, 'text/plain', size, '', 1, owner, 1, 1 FROM uploads";
    run(&mut other, file).await;
    run(&mut other, "DELETE FROM uploads").await;
    run(&mut other, "COMMIT").await;
    erasing.await.unwrap();
    is_whole(&database);
    assert_eq!(database.sql("SELECT count(*) FROM files"), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_files_at_once_nothing_is_miscounted_or_lost() {
    let (store, database) = target::store().await;
    for round in 0..8 {
        let name = format!("ann{round}");
        let ann = store.create_user(&new_user(&name), START).await.unwrap().unwrap().id;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..6 {
            let (store, number) = (store.clone(), round * 24 + number * 4);
            tasks.spawn(async move {
                let file = new_file(number, ann);
                if store.create_file(&file, &QUOTA, at(1)).await.unwrap().is_err() {
                    return;
                }
                for next in 1..4 {
                    let new = Replacement {
                        from: u64::from(next),
                        content: content(number + next),
                        by: ann,
                    };
                    store.replace_content(file.id, &new, &QUOTA, at(2)).await.unwrap().unwrap();
                    if number % 3 == 0 && next == 2 {
                        store.delete_file(file.id, None, at(3)).await.unwrap();
                    }
                }
            });
        }
        if round % 2 == 0 {
            tokio::time::sleep(Duration::from_millis(u64::from(round) * 3)).await;
            delete_account(&store, ann).await;
            erase(&store).await;
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    }
    is_whole(&database);
}
