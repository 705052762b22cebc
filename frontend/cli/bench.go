package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/frontend"
)

func (a *app) benchCommand() *cobra.Command {
	var o frontend.BenchOptions
	var peers bool
	c := &cobra.Command{
		Use: "bench", Short: "Measure speed and memory at the size of Stable Diffusion 1.5", Args: count(0, 0),
		Long: "Measure speed and memory with a checkpoint of SD 1.5 size (random weights unless --checkpoint names one). With --peers PyTorch runs in turn\n" +
			"and ratios are printed; --python names a Python that has it.",
		RunE: func(c *cobra.Command, _ []string) error {
			o.Threads, o.Library = a.settings.Threads, a.settings.Library
			if !peers {
				o.Peers = ""
			}
			if err := a.Bench.Measure(c.Context(), o, a.Out); err != nil {
				return failure{exitFailed, err}
			}
			return nil
		},
	}
	f := c.Flags()
	peerFlags(c, &o, &peers)
	f.IntVar(&o.Rounds, "rounds", 0, "runs of each part (default 5)")
	f.StringSliceVar(&o.Only, "only", nil, "parts to measure: "+strings.Join(a.Bench.Parts(), ", ")+" (default all)")
	c.AddCommand(a.benchTuneCommand(), a.benchGPUCommand(), a.benchWeightsCommand(), a.benchActorCommand(), a.benchProjectorCommand(), a.benchServeCommand(), a.benchChaosCommand())
	return c
}

func (a *app) benchActorCommand() *cobra.Command {
	var o frontend.ActorBenchOptions
	c := &cobra.Command{
		Use: "actor", Short: "Measure how well OneActor keeps a character, beside other methods", Args: count(0, 0),
		Long: "Measure how well OneActor keeps characters of the shipped checkpoint in new scenes, beside plain prompts, ablations and other methods.\n" +
			"Prints a table in Markdown: means over the targets, 8 scenes each, the same noise in every row.",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.Bench.MeasureActor(c.Context(), a.settings, o, a.Out, a.Err); err != nil {
				return failure{exitFailed, err}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&o.Checkpoint, "checkpoint", "", "checkpoint of the tiny world (default tiny-actors.safetensors)")
	f.StringVar(&o.Projector, "projector", "", "pre-trained projector (default tiny-actors.safetensors)")
	f.StringSliceVar(&o.Targets, "targets", nil, "targets: species and seed of the base set (default robot:1,hobbit:3,cat:2,bear:5,rabbit:4,robot:6)")
	f.StringSliceVar(&o.Only, "only", nil, "rows to measure: "+strings.Join(a.Bench.ActorRows(), ", ")+" (default all)")
	f.IntVar(&o.Steps, "steps", 0, "steps of tuning (default 300)")
	f.Float64Var(&o.Rate, "lr", 0, "learning rate of tuning (default 0.001)")
	f.Float64Var(&o.V, "v", 0, "semantic interpolation of the best setting (default 1)")
	f.StringVar(&o.JSON, "json", "", "write the results of every target to this file")
	return c
}

func (a *app) benchProjectorCommand() *cobra.Command {
	var o frontend.ProjectorBenchOptions
	c := &cobra.Command{
		Use: "projector", Short: "Train the projector of the shipped checkpoint", Args: count(0, 0),
		Long: "Draw clusters with the shipped checkpoint and train a projector on them, which makes actors without tuning. It takes a quarter of an hour\n" +
			"on one core; a run that was stopped draws its clusters again and goes on training where it was.",
		RunE: func(c *cobra.Command, _ []string) error {
			name, err := a.Bench.PretrainProjector(c.Context(), a.settings, o, a.Err)
			if err != nil {
				return failure{exitFailed, err}
			}
			_, err = fmt.Fprintln(a.Out, name)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.Checkpoint, "checkpoint", "", "checkpoint of the tiny world (default tiny-actors.safetensors)")
	f.StringVar(&o.Name, "name", "", "name of the file in models/projectors (default tiny-actors)")
	f.IntVar(&o.Clusters, "clusters", 0, "clusters to draw (default 40)")
	f.IntVar(&o.Steps, "steps", 0, "steps of training (default 2000)")
	f.Float64Var(&o.Rate, "lr", 0, "learning rate (default 0.001)")
	f.StringVar(&o.From, "from", "", "projector in models/projectors to go on with")
	return c
}

// peerFlags are the flags of commands that measure a checkpoint, with PyTorch in turn where peers is set.
func peerFlags(c *cobra.Command, o *frontend.BenchOptions, peers *bool) {
	f := c.Flags()
	f.StringVar(&o.Checkpoint, "checkpoint", "", "checkpoint to measure")
	f.BoolVar(peers, "peers", false, "run PyTorch in turn and print ratios")
	f.StringVar(&o.Peers, "python", firstOf(os.Getenv("ONEACTOR_PEERS_PYTHON"), "python3"), "Python with PyTorch, for --peers")
}

func (a *app) benchTuneCommand() *cobra.Command {
	var o frontend.BenchOptions
	var peers bool
	c := &cobra.Command{
		Use: "tune", Short: "Measure a step of actor tuning at the size of Stable Diffusion 1.5", Args: count(0, 0),
		Long: "Measure one step of tuning on one thread: 256x256, five samples, forward, backward and AdamW, on a checkpoint of SD 1.5 size (random weights\n" +
			"unless --checkpoint names one). With --peers PyTorch runs the same step in turn, and the official one, which encodes pictures and texts anew.",
		RunE: func(c *cobra.Command, _ []string) error {
			o.Library = a.settings.Library
			if !peers {
				o.Peers = ""
			}
			if err := a.Bench.MeasureTune(c.Context(), o, a.Out); err != nil {
				return failure{exitFailed, err}
			}
			return nil
		},
	}
	f := c.Flags()
	peerFlags(c, &o, &peers)
	f.IntVar(&o.Rounds, "rounds", 0, "runs of each (default 3)")
	f.StringSliceVar(&o.Only, "only", nil, "ways of holding weights: mapped, packed (default both)")
	return c
}

func (a *app) benchWeightsCommand() *cobra.Command {
	var dtype, family string
	var seed uint64
	c := &cobra.Command{
		Use: "weights FILE", Short: "Write a checkpoint of real size with random weights", Args: count(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.Bench.WriteWeights(c.Context(), args[0], dtype, family, seed); err != nil {
				return failure{exitFailed, err}
			}
			return nil
		},
	}
	c.Flags().StringVar(&dtype, "dtype", "float16", "float16 or float32")
	c.Flags().StringVar(&family, "family", "sd15", "sd15 (UNet, VAE and text encoder) or sdxl (the UNet alone)")
	c.Flags().Uint64Var(&seed, "seed", 0, "of the random weights")
	return c
}
