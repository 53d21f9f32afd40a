//! JavaScript modules to WASM components: QuickJS inside, by `componentize-qjs` from npm.
//!
//! The module's `module.js` exports plain functions (`run`, `route` ...). `sdk/js/wrap.js` stands
//! around it, so that an uncaught error becomes a line in the log and an answer of the contract
//! instead of a trap without words.

use std::fs;
use std::path::{Path, PathBuf};

use super::workshop::{BuildError, LONG, Workshop, on_disk, on_path};

/// Version that was tried.
const PACKAGE: &str = "componentize-qjs@0.4.5";

/// Builds the module in `dir` for `world`; gives the component.
///
/// # Errors
/// No node or npm, with its cure; or the tool's words.
pub fn build(shop: &Workshop, dir: &Path, world: &str, out: &Path) -> Result<PathBuf, BuildError> {
    if on_path("node").is_none() {
        return Err(BuildError::new(
            "JavaScript modules need Node 18 or newer, and there is none on the search path",
            "install nodejs and npm",
        ));
    }
    let tool = shop.fetched(&PACKAGE.replace('@', "-"), |fresh| {
        if on_path("npm").is_none() {
            return Err(BuildError::new(
                format!("npm is needed once, to fetch {PACKAGE}"),
                "install npm",
            ));
        }
        (shop.say)("fetching the JavaScript engine by npm (once, about 38 MB)");
        let mut npm = shop.tool("npm");
        // With --prefix npm does not walk up to somebody's package.json.
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
            .arg("--prefix")
            .arg(fresh)
            .arg(PACKAGE);
        let said = shop.run(&mut npm, LONG).map_err(|error| BuildError {
            why: format!("npm could not fetch {PACKAGE}"),
            cure: "access to an npm registry".to_owned(),
            ..error
        });
        said.map(|_| ())
    })?;
    fs::create_dir_all(out).map_err(|e| on_disk(out, &e))?;
    let source = out.join("wrapped.js");
    let text = wrapped(shop, dir, world)?;
    fs::write(&source, text).map_err(|e| on_disk(&source, &e))?;
    let made = out.join("module.wasm");
    let mut build = shop.tool(tool.join("node_modules/.bin/componentize-qjs"));
    build
        .arg("--wit")
        .arg(shop.sdk.join("wit"))
        .arg("--js")
        .arg(&source)
        .args(["-n", world, "--sync", "--stub-wasi", "--opt-size", "-o"])
        .arg(&made);
    let said = shop.run(&mut build, LONG);
    said.map_err(|error| BuildError {
        why: "the module does not build".to_owned(),
        ..error
    })?;
    Ok(made)
}

/// The module's code with the wrapper of its world behind it: one file, as the engine takes one.
fn wrapped(shop: &Workshop, dir: &Path, world: &str) -> Result<String, BuildError> {
    let read = |path: PathBuf| fs::read_to_string(&path).map_err(|e| on_disk(&path, &e));
    let module = read(dir.join("module.js"))?;
    let wrapper = read(shop.sdk.join("js").join(format!("{world}.js")))?;
    Ok(format!("{module}\n{wrapper}"))
}
