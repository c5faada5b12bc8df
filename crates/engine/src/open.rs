use std::path::PathBuf;

use seawall_io::Limits;
use seawall_model::{Platform, TargetKind};
use seawall_target::{
    EngineOptions, Image, RegistryOptions, TargetError, TargetRef, Tree, open_docker, open_docker_archive,
    open_oci_archive, open_oci_layout, open_podman, open_registry,
};

/// How to open a target.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The platform that is wanted of an index.
    pub platform: Platform,
    /// Whether the user asked for just this platform.
    pub platform_asked: bool,
    /// Limits.
    pub limits: Limits,
    /// How registries are asked.
    pub registry: RegistryOptions,
    /// Where the engines are.
    pub engines: EngineOptions,
}

/// A target that is open.
#[derive(Debug)]
pub enum Opened {
    /// An image.
    Image(Box<Image>),
    /// A folder or one file.
    Tree(Tree),
    /// An SBOM, by its path.
    Sbom(PathBuf),
}

/// Opens a target.
///
/// # Errors
/// Those of the target room.
pub fn open(target: &TargetRef, options: &OpenOptions) -> Result<Opened, TargetError> {
    let (limits, platform, asked) = (&options.limits, &options.platform, options.platform_asked);
    let name = target.name.as_str();
    let image = |image: Image| Ok(Opened::Image(Box::new(image)));
    match target.kind {
        TargetKind::DockerArchive => image(open_docker_archive(name, limits, platform)?),
        TargetKind::OciArchive => image(open_oci_archive(name, limits, platform, asked)?),
        TargetKind::Oci => image(open_oci_layout(name, limits, platform, asked)?),
        TargetKind::Rootfs => Ok(Opened::Tree(Tree::new(PathBuf::from(name).as_path(), false))),
        TargetKind::Dir | TargetKind::File => Ok(Opened::Tree(Tree::new(PathBuf::from(name).as_path(), true))),
        TargetKind::Sbom => Ok(Opened::Sbom(PathBuf::from(name))),
        TargetKind::Docker => image(open_docker(name, limits, platform, &options.engines)?),
        TargetKind::Podman => image(open_podman(name, limits, platform, &options.engines)?),
        TargetKind::Registry => image(open_registry(name, limits, platform, asked, &options.registry)?),
    }
}
