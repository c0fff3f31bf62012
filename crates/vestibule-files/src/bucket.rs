//! A bucket for blobs.

use std::time::Duration;

use object_store::{
    BackoffConfig, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::OpenError;

/// For reaching the store.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// For one request, with its body: a blob, or a part of one.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// No retry begins later than this after the first request.
const RETRY_WITHIN: Duration = Duration::from_secs(5);

/// The bucket, and below what in it our things lie.
pub(crate) fn open(url: &Url) -> Result<(AmazonS3, Path), OpenError> {
    let refused = |cause: Box<dyn std::error::Error + Send + Sync>| OpenError::Bucket(cause);
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(std::borrow::Cow::into_owned).map_err(|error| refused(error.into()))
    };
    let mut client =
        ClientOptions::new().with_connect_timeout(CONNECT_WITHIN).with_timeout(ANSWER_WITHIN);
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(url.host_str().unwrap_or_default())
        .with_retry(RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(1),
                base: 2.0,
            },
            max_retries: 2,
            retry_timeout: RETRY_WITHIN,
        })
        // Not every store that speaks S3 knows how to remove many objects at once.
        .with_disable_bulk_delete(true);
    if !url.username().is_empty() {
        builder = builder.with_access_key_id(decoded(url.username())?);
    }
    if let Some(secret) = url.password() {
        builder = builder.with_secret_access_key(decoded(secret)?);
    }
    for (name, value) in url.query_pairs() {
        builder = match &*name {
            "region" => builder.with_region(value),
            "endpoint" => {
                check_endpoint(&value)?;
                client = client.with_allow_http(value.starts_with("http://"));
                builder.with_endpoint(value)
            }
            _ => return Err(OpenError::Option(name.into_owned())),
        };
    }
    let store = builder.with_client_options(client).build();
    let below = Path::from_url_path(url.path()).map_err(|error| refused(error.into()))?;
    Ok((store.map_err(|error| refused(error.into()))?, below))
}

/// A word that is no URL would only be noticed with the first file.
fn check_endpoint(endpoint: &str) -> Result<(), OpenError> {
    let url = Url::parse(endpoint).map_err(|error| OpenError::Bucket(error.into()))?;
    match url.scheme() {
        "http" | "https" => Ok(()),
        _ => Err(OpenError::Bucket("its endpoint is not a web URL".into())),
    }
}
