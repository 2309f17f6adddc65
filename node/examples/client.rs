//! A program on the mesh: it runs code, reads the first of its output, goes away, and comes back for the rest.
//!
//! `cargo run --example client -- ~/.local/share/wayfare`

use std::error::Error;
use std::path::Path;

use wayfare_io::{OsRandom, load_or_create_key};
use wayfare_node::client::{ClientIdentity, Place};
use wayfare_node::folder::DataFolder;
use wayfare_protocol::Limits;
use wayfare_protocol::capability::Needs;
use wayfare_protocol::mrp::{ExecuteRequest, RunEvent};
use wayfare_protocol::session::{Environment, Language, OpenSession, SessionKey};
use wayfare_protocol::stream::RunUpdate;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let data = std::env::args().nth(1).ok_or("name a data folder")?;
    let (folder, limits) = (DataFolder::new(Path::new(&data)), Limits::default());

    // Connect: to the node of the data folder if one runs, else to the cloud that it is paired with.
    let key = load_or_create_key(&folder.key(), &OsRandom)?;
    let place = Place::find(&folder, key.device_id(), false)?;
    let identity = ClientIdentity { key, name: "example".to_owned() };
    let mut client = place.connect(identity.clone(), &limits).await?;

    // Run: in the session of that name, wherever it lives; it is made if there is none.
    let open = OpenSession {
        key: SessionKey { name: "example:main".parse()?, language: Language::from_word("python") },
        id: client.new_session_id(),
        environment: Environment::default(),
        needs: Needs::default(),
        device: None,
    };
    let session = client.open(open).await?.session;
    let run = client.run(ExecuteRequest::of("import time\nfor i in range(10): print(i); time.sleep(0.1)"));

    // Stream: events are numbered from 1; each comes once, in order, whatever the link does.
    let mut next = 1;
    while next < 4 {
        if let RunUpdate::Event { number, event } = client.update().await? {
            println!("{number} {event:?}");
            next = number + event.span();
        }
    }

    // Resume: the run belongs to its session and goes on without us; any client attaches at any number.
    drop(client);
    let mut client = place.connect(identity, &limits).await?;
    client.attach(session.id, run, next);
    loop {
        match client.update().await? {
            RunUpdate::Attached { device_name, .. } => println!("runs on {device_name}"),
            RunUpdate::Event { number, event: RunEvent::Stdout { content } } => print!("{number} {content}"),
            RunUpdate::Event { .. } | RunUpdate::Waiting => {}
            RunUpdate::Ended(outcome) => {
                println!("{outcome:?}");
                return Ok(());
            }
            RunUpdate::Refused(refusal) => return Err(refusal.into()),
        }
    }
}
