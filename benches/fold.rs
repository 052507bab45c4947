//! What folding batch normalisation gains: `cargo bench --bench fold` prints, for each backbone and each recipe that has
//! any, how many times faster images are judged. Both ways in turn on one thread; processor time, the median of all rounds.
#![expect(clippy::print_stdout, reason = "its answer")]

use std::{error::Error, sync::Arc};

use convscope::{
    model::{
        Network,
        backbones::top,
        network::{Mode, Placement},
        spec::Backbone,
    },
    sys,
    train::{placement::made_up_input, recipes},
};

const IMAGES: usize = 16;
const ROUNDS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    sys::tune_allocator();
    tch::set_num_threads(1);
    let backbones = Backbone::ALL.map(|backbone| top::imagenet(backbone, 10));
    let recipes = recipes::all()?.into_iter().map(|recipe| recipe.model);
    for spec in backbones.into_iter().chain(recipes) {
        let name = spec.name.clone();
        let network = Network::new(Arc::new(spec), 0, Placement::default())?;
        let all = network.nodes().len();
        match network.folded((0, all))? {
            None => println!("{name}: nothing to fold"),
            Some(folded) => {
                let ratio = ratio(&network, &folded)?;
                println!("{name}: {ratio:.2} times");
            }
        }
    }
    Ok(())
}

fn ratio(network: &Network, folded: &Network) -> Result<f64, Box<dyn Error>> {
    let _no_grad = tch::no_grad_guard();
    let input = made_up_input(network, 0, IMAGES)?;
    let secs = |network: &Network| -> Result<f64, Box<dyn Error>> {
        let start = sys::thread_cpu_secs();
        drop(network.forward(&input, Mode::Evaluate)?);
        Ok(sys::thread_cpu_secs() - start)
    };
    secs(network)?;
    secs(folded)?;
    let mut ratios = (0..ROUNDS)
        .map(|_| Ok(secs(network)? / secs(folded)?))
        .collect::<Result<Vec<f64>, Box<dyn Error>>>()?;
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[ROUNDS / 2])
}
