//! What every command starts from: the configuration, the data folder, the device's key, and a way to connect.

use wayfare_io::{OsRandom, load_or_create_key};
use wayfare_protocol::Limits;
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::session::{Language, SessionInfo, SessionName};

use super::arguments::Arguments;
use super::exit::Failure;
use super::screen::Screen;
use crate::client::{ClientIdentity, MeshClient, Place};
use crate::cloud_file::Cloud;
use crate::config::{ConfigFlags, NodeConfig};
use crate::folder::DataFolder;
use crate::render::Form;

/// A command's surroundings.
pub(super) struct App {
    pub(super) config: NodeConfig,
    pub(super) folder: DataFolder,
    pub(super) limits: Limits,
    pub(super) form: Form,
    pub(super) cloud_only: bool,
    pub(super) screen: Screen,
}

impl App {
    pub(super) fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let flags = ConfigFlags { data_dir: arguments.data_dir.clone(), ..ConfigFlags::default() };
        let config = NodeConfig::load(&flags)?;
        Ok(Self {
            folder: DataFolder::new(&config.data_dir),
            limits: config.limits(),
            config,
            form: if arguments.json { Form::Json } else { Form::Text },
            cloud_only: arguments.cloud,
            screen: Screen,
        })
    }

    /// The device's key; made if this is the first use of the folder.
    pub(super) fn key(&self) -> Result<DeviceKey, Failure> {
        self.folder.make()?;
        Ok(load_or_create_key(&self.folder.key(), &OsRandom)?)
    }

    /// Who this device is: what it was called at login goes before the configuration.
    pub(super) fn identity(&self) -> Result<ClientIdentity, Failure> {
        let key = self.key()?;
        let named = Cloud::load(&self.folder.cloud()).ok().flatten().and_then(|cloud| cloud.name);
        Ok(ClientIdentity { key, name: named.unwrap_or_else(|| self.config.name.clone()) })
    }

    /// Connects to the folder's node, else to the cloud.
    pub(super) async fn connect(&self) -> Result<MeshClient, Failure> {
        let identity = self.identity()?;
        let place = Place::find(&self.folder, identity.key.device_id(), self.cloud_only)?;
        Ok(place.connect(identity, &self.limits).await?)
    }
}

/// The one session of a name.
pub(super) fn only<'a>(
    sessions: &'a [SessionInfo],
    name: &SessionName,
    language: Option<&str>,
) -> Result<&'a SessionInfo, Failure> {
    let language = language.map(Language::from_word);
    let fits = |info: &&SessionInfo| {
        info.key.name == *name && language.as_ref().is_none_or(|language| info.key.language == *language)
    };
    let found: Vec<_> = sessions.iter().filter(fits).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let language = language.map(|language| format!(" in {language}")).unwrap_or_default();
            Err(Failure::NotFound(format!("no session {name}{language}; `wayfare session list` shows what there is")))
        }
        several => {
            let languages: Vec<_> = several.iter().map(|info| info.key.language.as_str()).collect();
            let languages = languages.join(", ");
            Err(Failure::NotFound(format!(
                "{name} is the name of several sessions: choose with --language: {languages}"
            )))
        }
    }
}
