//! Lays a demonstration network out on disk: for each department a folder with
//! configuration, keys, bindings, data and staff; one genesis file for all.
//!
//! ```text
//!  DIR/seed  DIR/root  DIR/genesis.bin
//!  DIR/gz/zhenglian.toml  card.bin  keys/  data/  bindings/  centre.sqlite  log.txt
//! ```

use std::path::{Path, PathBuf};

use crate::accounts::{Account, account, accounts};
use crate::centres::{CENTRES, Centre, STEWARDS};
use crate::entry;
use crate::people::{self, Person};
use crate::program;
use crate::seed::Seed;
use crate::trouble::{Outcome, Trouble, While};

/// Distance between the four kinds of ports.
const PORT_STEP: u16 = 100;

/// A network on disk.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Its folder.
    pub dir: PathBuf,
    /// What it is grown from.
    pub seed: Seed,
    /// Portals listen on `base_port + slot`, nodes 100 above, operations 200 above.
    pub base_port: u16,
    /// People in each centre's table.
    pub people: usize,
}

impl Layout {
    /// Writes everything the six processes need, unless it is there already.
    ///
    /// # Errors
    /// When a file cannot be written or a command of the binary fails, or the
    /// folder holds a network of another seed.
    pub async fn prepare(&self) -> Outcome<()> {
        if let Some(seed) = self.seed_on_disk() {
            return if seed == self.seed {
                Ok(())
            } else {
                Err(Trouble::new(format!("{} holds the network of seed {}", self.dir.display(), seed.0)))
            };
        }
        std::fs::create_dir_all(&self.dir).during(self.dir.display())?;
        for centre in &CENTRES {
            self.prepare_department(centre).await?;
        }
        let cards: Vec<String> =
            CENTRES.iter().map(|centre| text(&self.folder(centre).join("card.bin"))).collect();
        let genesis = text(&self.genesis());
        let name = format!("zhenglian-demo-{}", self.seed.0);
        let mut arguments = vec!["genesis", "--json", "--name", &name, "--out", &genesis];
        let stewards: Vec<String> =
            STEWARDS.iter().map(|(layer, short)| format!("{layer}={}", Centre::named(short).id)).collect();
        arguments.extend(stewards.iter().flat_map(|named| ["--steward", named]));
        arguments.extend(cards.iter().map(String::as_str));
        let made: serde_json::Value =
            serde_json::from_str(&program::succeed(&arguments).await?).during("genesis --json")?;
        let root = made["root"].as_str().during("the root in genesis --json")?;
        self.write("root", root)?;
        // Last, so that a folder left half-way is never taken for a whole one.
        self.write("seed", &self.seed.0.to_string())
    }

    /// The seed of the network that is already there.
    #[must_use]
    pub fn seed_on_disk(&self) -> Option<Seed> {
        std::fs::read_to_string(self.dir.join("seed")).ok()?.trim().parse().ok().map(Seed)
    }

    async fn prepare_department(&self, centre: &Centre) -> Outcome<()> {
        let folder = self.folder(centre);
        let bindings = folder.join("bindings");
        std::fs::create_dir_all(&bindings).during(bindings.display())?;
        let config = self.config(centre);
        std::fs::write(&config, self.config_text(centre)).during(config.display())?;
        if !centre.inspectorate {
            people::write(&self.table(centre), &self.people_of(centre)).await.during("the centre's table")?;
            let files =
                [("deposit.toml", entry::binding(centre)), ("deposit.entry.toml", entry::entry(centre))];
            for (name, content) in files {
                let path = bindings.join(name);
                std::fs::write(&path, content).during(path.display())?;
            }
        }
        program::succeed(&["init", "--config", &text(&config)]).await?;
        let officers = self.officers(centre);
        std::fs::create_dir_all(&officers).during(officers.display())?;
        for account in self.accounts(centre) {
            self.add_account(centre, &account).await?;
        }
        Ok(())
    }

    async fn add_account(&self, centre: &Centre, account: &Account) -> Outcome<()> {
        let (password, public) =
            (self.folder(centre).join("password"), self.folder(centre).join("public-key"));
        std::fs::write(&password, &account.password).during(password.display())?;
        let (config, password_file, public_file) =
            (text(&self.config(centre)), text(&password), text(&public));
        let mut arguments = vec!["staff", "add", "--config", &config, "--password-file", &password_file];
        arguments.extend(["--account", account.account, "--name", &account.name]);
        arguments.extend(account.roles.iter().flat_map(|role| ["--role", role]));
        if let Some(key) = &account.key {
            let made = program::succeed(&["officer-key", "new", "--out", &text(key)]).await?;
            std::fs::write(&public, made).during(public.display())?;
            arguments.extend(["--public-key", &public_file]);
        }
        program::succeed(&arguments).await?;
        std::fs::remove_file(&password).during(password.display())
    }

    fn config_text(&self, centre: &Centre) -> String {
        // An inspectorate publishes nothing.
        let codes = if centre.inspectorate {
            String::new()
        } else {
            format!("codes = [\"{}\"]\n", entry::resource_code(centre))
        };
        let mut toml = format!(
            "[department]\nid = \"{}\"\nname_zh = \"{}\"\nname_en = \"{}\"\nregion = \"{}\"\ninspectorate = {}\n{}\n\
             [store]\ndata = \"data\"\nkeys = \"keys\"\ngenesis = \"../genesis.bin\"\n\n\
             [portal]\nlisten = \"127.0.0.1:{}\"\npublic = \"http://{}\"\ndemo = true\n\n\
             [operations]\nlisten = \"127.0.0.1:{}\"\n\n\
             [node]\nlisten = \"127.0.0.1:{}\"\nvalidator = {}\n\n\
             [exchange]\nbindings = \"bindings\"\n",
            centre.id,
            centre.name_zh,
            centre.name_en,
            centre.region,
            centre.inspectorate,
            codes,
            self.portal_port(centre),
            self.host(centre),
            self.operations_port(centre),
            self.node_port(centre),
            centre.validator,
        );
        for other in CENTRES.iter().filter(|other| other.id != centre.id) {
            toml.push_str(&format!(
                "\n[[peer]]\ndepartment = \"{}\"\naddress = \"127.0.0.1:{}\"\n",
                other.id,
                self.node_port(other),
            ));
        }
        toml
    }

    /// A department's folder.
    #[must_use]
    pub fn folder(&self, centre: &Centre) -> PathBuf {
        self.dir.join(centre.short)
    }

    /// A department's configuration file.
    #[must_use]
    pub fn config(&self, centre: &Centre) -> PathBuf {
        self.folder(centre).join("zhenglian.toml")
    }

    /// The SQLite file in which a centre keeps its people.
    #[must_use]
    pub fn table(&self, centre: &Centre) -> PathBuf {
        self.folder(centre).join("centre.sqlite")
    }

    /// A department's log.
    #[must_use]
    pub fn log(&self, centre: &Centre) -> PathBuf {
        self.folder(centre).join("log.txt")
    }

    /// The genesis file.
    #[must_use]
    pub fn genesis(&self) -> PathBuf {
        self.dir.join("genesis.bin")
    }

    /// The trust root, as `zhenglian genesis` printed it.
    ///
    /// # Errors
    /// When the network was not prepared.
    pub fn root(&self) -> Outcome<String> {
        let path = self.dir.join("root");
        Ok(std::fs::read_to_string(&path).during(path.display())?.trim().to_owned())
    }

    /// The people of a centre.
    #[must_use]
    pub fn people_of(&self, centre: &Centre) -> Vec<Person> {
        people::people(self.seed, centre, self.people)
    }

    /// An account of a centre.
    #[must_use]
    pub fn account(&self, centre: &Centre, name: &str) -> Account {
        account(self.seed, centre, &self.officers(centre), name)
    }

    /// All accounts of a centre.
    #[must_use]
    pub fn accounts(&self, centre: &Centre) -> Vec<Account> {
        accounts(self.seed, centre, &self.officers(centre))
    }

    /// Where the officers of a centre keep their own keys, as each would on a stick of their own.
    fn officers(&self, centre: &Centre) -> PathBuf {
        self.folder(centre).join("officers")
    }

    /// Host and port of a portal, as browsers ask for it.
    #[must_use]
    pub fn host(&self, centre: &Centre) -> String {
        format!("{}.localhost:{}", centre.short, self.portal_port(centre))
    }

    /// The port of a department's portal.
    #[must_use]
    pub fn portal_port(&self, centre: &Centre) -> u16 {
        self.base_port + centre.slot
    }

    /// The port of a department's node.
    #[must_use]
    pub fn node_port(&self, centre: &Centre) -> u16 {
        self.portal_port(centre) + PORT_STEP
    }

    /// The port on which a department's operators ask.
    #[must_use]
    pub fn operations_port(&self, centre: &Centre) -> u16 {
        self.portal_port(centre) + 2 * PORT_STEP
    }

    /// The first base port from `from` on at which all eighteen ports are free.
    ///
    /// # Errors
    /// When there is none.
    pub fn free_base_port(from: u16) -> Outcome<u16> {
        let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        let mut bases = (from..60_000).step_by(usize::from(PORT_STEP) * 3);
        bases
            .find(|base| (0..3).all(|kind| (1..=6).all(|slot| free(base + kind * PORT_STEP + slot))))
            .during("eighteen free ports")
    }

    /// Lifts an officer's bounds at a department: one clerk of a measure asks as often as a hundred would.
    ///
    /// # Errors
    /// When the configuration cannot be read or written.
    pub fn lift_bounds(&self, centre: &Centre) -> Outcome<()> {
        let path = self.config(centre);
        let text = std::fs::read_to_string(&path).during(path.display())?;
        let wide =
            "[exchange]\nofficer_at_once = 500\nofficer_per_hour = 100000\nofficer_share_percent = 100\n";
        std::fs::write(&path, text.replace("[exchange]\n", wide)).during(path.display())
    }

    fn write(&self, name: &str, content: &str) -> Outcome<()> {
        let path = self.dir.join(name);
        std::fs::write(&path, format!("{content}\n")).during(path.display())
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
