//! Writes `hadoop/src/proto/*.rs` from `hadoop/proto/*.proto`, without `protoc`:
//! `cargo run --manifest-path hadoop/generate/Cargo.toml`, from the root of the project.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = protox::compile(["common.proto", "yarn.proto"], [crate_dir.join("proto")])?;
    prost_build::Config::new()
        .out_dir(crate_dir.join("src/proto"))
        // These hold secrets: `src/proto/mod.rs` writes their `Debug` by hand.
        .skip_debug([
            "hadoop.common.TokenProto",
            "hadoop.common.CredentialsKVProto",
            "hadoop.common.RpcSaslProto",
            "hadoop.yarn.ContainerLaunchContextProto",
        ])
        .compile_fds(files)?;
    Ok(())
}
