package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/frontend"
)

func (a *app) benchGPUCommand() *cobra.Command {
	var o frontend.GPUBenchOptions
	var peers bool
	c := &cobra.Command{
		Use: "gpu", Short: "Measure networks of real size on a CUDA device", Args: count(0, 0),
		Long: "Measure the UNets of SD 1.5 and SDXL and the VAE's decoder on a CUDA device, with random weights of real size. Prints a table in Markdown. With --peers\n" +
			"PyTorch runs the same networks on the same weights, with and without torch.compile.",
		RunE: func(c *cobra.Command, _ []string) error {
			o.Library, o.Device, o.CUDA = a.settings.Library, a.settings.Device, a.settings.CUDA
			if !peers {
				o.Peers = ""
			}
			if err := a.Bench.MeasureGPU(c.Context(), o, a.Out); err != nil {
				return failure{exitFailed, err}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&o.Folder, "folder", "", "where the random weights are kept (default: a temporary folder)")
	f.BoolVar(&peers, "peers", false, "run PyTorch in turn and print ratios")
	f.BoolVar(&o.Eager, "eager", false, "of PyTorch only the runs without torch.compile")
	f.StringVar(&o.Peers, "python", firstOf(os.Getenv("ONEACTOR_PEERS_PYTHON"), "python3"), "Python with PyTorch for CUDA, for --peers")
	f.IntVar(&o.Rounds, "rounds", 0, "runs of each part (default 20)")
	f.StringSliceVar(&o.Only, "only", nil, "parts to measure: "+strings.Join(a.Bench.GPUParts(), ", ")+" (default all)")
	f.StringVar(&o.Profile, "profile", "", "write onnxruntime's traces to files that begin with this path")
	return c
}
