//! `wayfare app`: the address of this device's app in a browser of this machine.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::json;

use super::app::App;
use super::exit::{Exit, Failure};
use crate::folder::DataFolder;
use crate::render::Form;

/// Prints it, with the token behind `#`, which browsers send to nobody.
pub(super) fn page(app: &App) -> Result<Exit, Failure> {
    let url = address(&app.folder)?;
    if app.form == Form::Json {
        app.screen.json(&json!({ "app": url }))?;
        return Ok(Exit::Good);
    }
    app.screen.line(&url)?;
    app.screen.note("open it in a browser of this machine; whoever has it may run code here, so keep it to yourself");
    Ok(Exit::Good)
}

fn address(folder: &DataFolder) -> Result<String, Failure> {
    let (Some(address), Some(token)) = (read(&folder.http_address())?, read(&folder.http_token())?) else {
        let why = "no node serves pages on this data folder: start wayfare-node with --http-listen 127.0.0.1:7445, or set http.listen";
        return Err(Failure::Usage(why.to_owned()));
    };
    Ok(format!("http://{address}/#token={token}"))
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_that_of_the_node_that_runs() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::new(folder.path());
        assert!(matches!(address(&data), Err(Failure::Usage(why)) if why.contains("--http-listen")));
        fs::create_dir(folder.path().join("door")).unwrap();
        fs::write(data.http_address(), "127.0.0.1:7445\n").unwrap();
        fs::write(data.http_token(), "secret\n").unwrap();
        assert_eq!(address(&data).unwrap(), "http://127.0.0.1:7445/#token=secret");
    }
}
