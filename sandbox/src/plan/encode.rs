//! Plans as bytes, for the helper.

use std::collections::BTreeMap;

use kiln_store::StepName;

use super::{Access, Command, Foreign, Plan, Resource, ResourceLimit, Setup, Shell, SourceCopy};
use crate::codec::{CodecError, Reader, Writer};

impl Plan {
    /// Writes the plan as bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.number(self.memory_score as u64);
        w.list(self.setup.iter(), write_setup);
        w.list(self.copies.iter(), |w, copy| {
            w.path(&copy.from);
            w.path(&copy.to);
        });
        w.list(self.resource_limits.iter(), |w, limit| {
            let number = Resource::ALL.iter().position(|it| *it == limit.resource);
            w.number(number.unwrap_or(usize::MAX) as u64);
            w.number(limit.soft);
            w.number(limit.hard);
        });
        write_env(&mut w, &self.env);
        w.list(self.steps.iter(), write_command);
        w.list(self.shell.iter(), |w, shell| {
            write_command(w, &shell.command);
            write_env(w, &shell.env);
        });
        w.finish()
    }

    /// Reads a plan.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let mut r = Reader::new(bytes);
        let plan = Plan {
            memory_score: r.number()? as i32,
            setup: r.list(read_setup)?,
            copies: r.list(|r| Ok(SourceCopy { from: r.path()?, to: r.path()? }))?,
            resource_limits: r.list(read_limit)?,
            env: read_env(&mut r)?,
            steps: r.list(read_command)?,
            shell: r.list(|r| Ok(Shell { command: read_command(r)?, env: read_env(r)? }))?.pop(),
        };
        r.finish()?;
        Ok(plan)
    }
}

fn read_limit(r: &mut Reader<'_>) -> Result<ResourceLimit, CodecError> {
    let expected = r.expected("a resource");
    let resource = *Resource::ALL.get(r.count()?).ok_or(expected)?;
    Ok(ResourceLimit { resource, soft: r.number()?, hard: r.number()? })
}

fn write_env(w: &mut Writer, env: &BTreeMap<String, String>) {
    w.list(env.iter(), |w, (name, value)| {
        w.bytes(name.as_bytes());
        w.bytes(value.as_bytes());
    });
}

fn read_env(r: &mut Reader<'_>) -> Result<BTreeMap<String, String>, CodecError> {
    Ok(r.list(|r| Ok((r.text()?, r.text()?)))?.into_iter().collect())
}

fn write_command(w: &mut Writer, command: &Command) {
    w.bytes(command.name.as_str().as_bytes());
    w.path(&command.cwd);
    w.list(command.argv.iter(), |w, it| w.bytes(it.as_bytes()));
}

fn read_command(r: &mut Reader<'_>) -> Result<Command, CodecError> {
    let expected = r.expected("a step's name");
    let name = StepName::new(r.text()?).map_err(|_| expected)?;
    Ok(Command { name, cwd: r.path()?, argv: r.list(Reader::text)? })
}

fn write_setup(w: &mut Writer, setup: &Setup) {
    match setup {
        Setup::Loopback => w.number(0),
        Setup::HostName { host, domain } => {
            w.number(1);
            w.bytes(host.as_bytes());
            w.bytes(domain.as_bytes());
        }
        Setup::Root { bytes_max } => {
            w.number(2);
            w.number(*bytes_max);
        }
        Setup::Folder { at, mode } => {
            w.number(3);
            w.path(at);
            w.number(u64::from(*mode));
        }
        Setup::File { at, mode, bytes } => {
            w.number(4);
            w.path(at);
            w.number(u64::from(*mode));
            w.bytes(bytes);
        }
        Setup::Link { at, to } => {
            w.number(5);
            w.path(at);
            w.path(to);
        }
        Setup::Bind { from, at, access } => {
            w.number(6);
            w.path(from);
            w.path(at);
            match access {
                Access::ReadOnly => w.number(0),
                Access::Device { major, minor } => {
                    w.number(1);
                    w.number(u64::from(*major));
                    w.number(u64::from(*minor));
                }
                Access::Writable => w.number(2),
            }
        }
        Setup::Share { from, at } => {
            w.number(7);
            w.path(from);
            w.path(at);
        }
        Setup::Memory { at, bytes_max, files_max, mode } => {
            w.number(8);
            w.path(at);
            w.number(*bytes_max);
            w.number(*files_max);
            w.number(u64::from(*mode));
        }
        Setup::Detach { at } => {
            w.number(9);
            w.path(at);
        }
        Setup::Processes { at } => {
            w.number(10);
            w.path(at);
        }
        Setup::Terminals { at } => {
            w.number(11);
            w.path(at);
        }
        Setup::NoUserNamespaces => w.number(12),
        Setup::Freeze { at } => {
            w.number(13);
            w.path(at);
        }
        Setup::Hide { at } => {
            w.number(14);
            w.path(at);
        }
        Setup::NoEmulators => w.number(19),
        Setup::EnterRoot => w.number(15),
        Setup::Emulators { at, programs } => {
            w.number(18);
            w.path(at);
            w.list(programs.iter(), |w, (cpu, program)| {
                let number = Foreign::ALL.iter().position(|it| it == cpu);
                w.number(number.unwrap_or(usize::MAX) as u64);
                w.path(program);
            });
        }
        Setup::SealRoot => w.number(16),
        Setup::SetTimes { seconds } => {
            w.number(17);
            w.number(*seconds as u64);
        }
    }
}

fn read_setup(r: &mut Reader<'_>) -> Result<Setup, CodecError> {
    let expected = r.expected("a kind of set-up");
    Ok(match r.number()? {
        0 => Setup::Loopback,
        1 => Setup::HostName { host: r.text()?, domain: r.text()? },
        2 => Setup::Root { bytes_max: r.number()? },
        3 => Setup::Folder { at: r.path()?, mode: r.number32()? },
        4 => Setup::File { at: r.path()?, mode: r.number32()?, bytes: r.bytes()?.to_vec() },
        5 => Setup::Link { at: r.path()?, to: r.path()? },
        6 => {
            let (from, at) = (r.path()?, r.path()?);
            let expected = r.expected("a kind of access");
            let access = match r.number()? {
                0 => Access::ReadOnly,
                1 => Access::Device { major: r.number32()?, minor: r.number32()? },
                2 => Access::Writable,
                _ => return Err(expected),
            };
            Setup::Bind { from, at, access }
        }
        7 => Setup::Share { from: r.path()?, at: r.path()? },
        8 => Setup::Memory {
            at: r.path()?,
            bytes_max: r.number()?,
            files_max: r.number()?,
            mode: r.number32()?,
        },
        9 => Setup::Detach { at: r.path()? },
        10 => Setup::Processes { at: r.path()? },
        11 => Setup::Terminals { at: r.path()? },
        12 => Setup::NoUserNamespaces,
        13 => Setup::Freeze { at: r.path()? },
        14 => Setup::Hide { at: r.path()? },
        15 => Setup::EnterRoot,
        16 => Setup::SealRoot,
        17 => Setup::SetTimes { seconds: r.number()? as i64 },
        18 => Setup::Emulators {
            at: r.path()?,
            programs: r
                .list(|r| {
                    let expected = r.expected("an instruction set");
                    let cpu = *Foreign::ALL.get(r.count()?).ok_or(expected)?;
                    Ok((cpu, r.path()?))
                })?
                .into_iter()
                .collect(),
        },
        19 => Setup::NoEmulators,
        _ => return Err(expected),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    fn any_path() -> impl Strategy<Value = PathBuf> {
        "[a-z/.\u{e4}]{0,12}".prop_map(PathBuf::from)
    }

    fn any_setup() -> impl Strategy<Value = Setup> {
        let access = prop_oneof![
            Just(Access::ReadOnly),
            Just(Access::Writable),
            (any::<u32>(), any::<u32>()).prop_map(|(major, minor)| Access::Device { major, minor }),
        ];
        prop_oneof![
            Just(Setup::Loopback),
            (".{0,9}", ".{0,9}").prop_map(|(host, domain)| Setup::HostName { host, domain }),
            any::<u64>().prop_map(|bytes_max| Setup::Root { bytes_max }),
            (any_path(), any::<u32>()).prop_map(|(at, mode)| Setup::Folder { at, mode }),
            (any_path(), any::<u32>(), any::<Vec<u8>>())
                .prop_map(|(at, mode, bytes)| Setup::File { at, mode, bytes }),
            (any_path(), any_path()).prop_map(|(at, to)| Setup::Link { at, to }),
            (any_path(), any_path(), access).prop_map(|(from, at, access)| Setup::Bind {
                from,
                at,
                access
            }),
            (any_path(), any_path()).prop_map(|(from, at)| Setup::Share { from, at }),
            (any_path(), any::<u64>(), any::<u64>(), any::<u32>()).prop_map(
                |(at, bytes_max, files_max, mode)| Setup::Memory { at, bytes_max, files_max, mode }
            ),
            any_path().prop_map(|at| Setup::Detach { at }),
            any_path().prop_map(|at| Setup::Processes { at }),
            any_path().prop_map(|at| Setup::Terminals { at }),
            Just(Setup::NoUserNamespaces),
            any_path().prop_map(|at| Setup::Freeze { at }),
            any_path().prop_map(|at| Setup::Hide { at }),
            Just(Setup::NoEmulators),
            Just(Setup::EnterRoot),
            (any_path(), prop::collection::btree_map(0..Foreign::ALL.len(), any_path(), 0..3))
                .prop_map(|(at, programs)| Setup::Emulators {
                    at,
                    programs: programs
                        .into_iter()
                        .map(|(number, program)| (Foreign::ALL[number], program))
                        .collect(),
                }),
            any::<i64>().prop_map(|seconds| Setup::SetTimes { seconds }),
            Just(Setup::SealRoot),
        ]
    }

    fn any_plan() -> impl Strategy<Value = Plan> {
        let copy = (any_path(), any_path()).prop_map(|(from, to)| SourceCopy { from, to });
        let limit = (0..Resource::ALL.len(), any::<u64>(), any::<u64>()).prop_map(
            |(number, soft, hard)| ResourceLimit { resource: Resource::ALL[number], soft, hard },
        );
        let step = || {
            ("[a-z]{1,9}", any_path(), prop::collection::vec(".{0,9}", 0..4)).prop_map(
                |(name, cwd, argv)| Command { name: StepName::new(name).unwrap(), cwd, argv },
            )
        };
        (
            any::<i32>(),
            prop::collection::vec(any_setup(), 0..9),
            prop::collection::vec(copy, 0..3),
            prop::collection::vec(limit, 0..3),
            prop::collection::btree_map(".{0,9}", ".{0,9}", 0..4),
            prop::collection::vec(step(), 0..3),
            prop::option::of((step(), prop::collection::btree_map(".{0,9}", ".{0,9}", 0..4))),
        )
            .prop_map(
                |(memory_score, setup, copies, resource_limits, env, steps, shell)| Plan {
                    memory_score,
                    setup,
                    copies,
                    resource_limits,
                    env,
                    steps,
                    shell: shell.map(|(command, env)| Shell { command, env }),
                },
            )
    }

    proptest! {
        #[test]
        fn a_plan_reads_back_as_it_was_written(plan in any_plan()) {
            prop_assert_eq!(Plan::decode(&plan.encode()), Ok(plan));
        }

        #[test]
        fn bytes_cut_short_are_an_error(plan in any_plan(), cut in any::<prop::sample::Index>()) {
            let bytes = plan.encode();
            let cut = cut.index(bytes.len());
            prop_assert!(Plan::decode(&bytes[..cut]).is_err());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in any::<Vec<u8>>()) {
            let _ = Plan::decode(&bytes);
        }
    }
}
