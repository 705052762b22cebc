package cli

import (
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
	f.StringVar(&o.Checkpoint, "checkpoint", "", "checkpoint to measure")
	f.BoolVar(&peers, "peers", false, "run PyTorch in turn and print ratios")
	f.StringVar(&o.Peers, "python", firstOf(os.Getenv("ONEACTOR_PEERS_PYTHON"), "python3"), "Python with PyTorch, for --peers")
	f.IntVar(&o.Rounds, "rounds", 0, "runs of each part (default 5)")
	f.StringSliceVar(&o.Only, "only", nil, "parts to measure: "+strings.Join(a.Bench.Parts(), ", ")+" (default all)")
	c.AddCommand(a.benchWeightsCommand())
	return c
}

func (a *app) benchWeightsCommand() *cobra.Command {
	var dtype string
	var seed uint64
	c := &cobra.Command{
		Use: "weights FILE", Short: "Write a checkpoint of SD 1.5 size with random weights", Args: count(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.Bench.WriteWeights(c.Context(), args[0], dtype, seed); err != nil {
				return failure{exitFailed, err}
			}
			return nil
		},
	}
	c.Flags().StringVar(&dtype, "dtype", "float16", "float16 or float32")
	c.Flags().Uint64Var(&seed, "seed", 0, "of the random weights")
	return c
}
