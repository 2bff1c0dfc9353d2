//! Containers made of an image, which is pulled where it is not here.

use anyhow::anyhow;
use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::CreateImageOptionsBuilder;
use docker_credential::{DockerCredential, get_credential};
use futures_util::StreamExt;

/// Makes a container and returns its id.
pub(super) async fn create(
    docker: &Docker,
    image: &str,
    body: ContainerCreateBody,
) -> Result<String, Error> {
    let created = match docker.create_container(None, body.clone()).await {
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => {
            pull(docker, image).await?;
            docker.create_container(None, body).await
        }
        other => other,
    };
    created.map(|created| created.id)
}

async fn pull(docker: &Docker, image: &str) -> Result<(), Error> {
    let (name, tag) = split_image(image);
    tracing::debug!(name, tag, "pulling an image");
    // Without a tag the engine would pull all of them.
    let whole = format!("{name}:{tag}");
    let options = CreateImageOptionsBuilder::default().from_image(&whole).build();
    let mut steps = docker.create_image(Some(options), None, credentials(name));
    while let Some(step) = steps.next().await {
        step?;
    }
    Ok(())
}

/// What `docker login` has kept for the registry of an image.
fn credentials(name: &str) -> Option<DockerCredentials> {
    // The first part is a registry if it looks like a host (reference.go of
    // distribution/reference).
    let registry = name.split_once('/').map(|(first, _)| first);
    let registry = registry.filter(|first| first.contains(['.', ':']) || *first == "localhost");
    let found = get_credential(registry.unwrap_or("https://index.docker.io/v1/")).ok()?;
    Some(match found {
        DockerCredential::IdentityToken(token) => {
            DockerCredentials { identitytoken: Some(token), ..DockerCredentials::default() }
        }
        DockerCredential::UsernamePassword(name, password) => DockerCredentials {
            username: Some(name),
            password: Some(password),
            ..DockerCredentials::default()
        },
    })
}

/// `registry:5000/postgres:17` is `registry:5000/postgres` and `17`.
fn split_image(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

pub(super) fn explain(image: &str, error: &Error) -> anyhow::Error {
    let advice = match split_image(image) {
        ("postgres", tag) => {
            format!("or build it from Debian packages: scripts/postgres-image {tag}")
        }
        _ => "or name another image".to_owned(),
    };
    anyhow!(
        "cannot start a container of {image}: {error}\nCheck the image's name, pull it (docker \
         pull {image}), {advice}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_names_and_tags() {
        assert_eq!(split_image("postgres:17"), ("postgres", "17"));
        assert_eq!(split_image("host:5000/pg"), ("host:5000/pg", "latest"));
        assert_eq!(split_image("host:5000/pg:16"), ("host:5000/pg", "16"));
    }
}
