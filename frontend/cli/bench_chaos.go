package cli

import (
	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/frontend"
)

func (a *app) benchChaosCommand() *cobra.Command {
	var o frontend.ChaosOptions
	c := &cobra.Command{
		Use: "chaos", Short: "Kill the server and workers while clients send jobs, and see what is left", Args: count(0, 0),
		Long: "Start a server (and workers) on a folder of its own, send jobs from many clients, and kill processes with -9 at random meanwhile. Then every accepted job must\n" +
			"be in the history, once, with one whole file. Fails where it is not.",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.Bench.Chaos(c.Context(), o, a.Out); err != nil {
				return failure{exitFailed, err}
			}
			return nil
		},
	}
	f := c.Flags()
	f.IntVar(&o.Jobs, "jobs", 0, "jobs to send (default 1000)")
	f.IntVar(&o.Clients, "clients", 0, "clients that send at once (default 20)")
	f.IntVar(&o.Kills, "kills", 0, "processes to kill (default 50)")
	f.IntVar(&o.Workers, "workers", 0, "worker processes; without any the server works itself")
	f.Uint64Var(&o.Seed, "seed", 0, "of chance (default: the time)")
	return c
}
