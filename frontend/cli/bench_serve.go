package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/frontend"
)

func (a *app) benchServeCommand() *cobra.Command {
	var o frontend.ServerBenchOptions
	c := &cobra.Command{
		Use: "serve", Short: "Measure a server from outside", Args: count(0, 0),
		Long: "Measure how a server takes prompts and answers: a new one of our own, or with --url any that runs, ComfyUI included. Prints a table in Markdown.",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.Bench.MeasureServer(c.Context(), o, a.Out); err != nil {
				return failure{exitFailed, err}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&o.URL, "url", "", "a server that runs, such as http://127.0.0.1:8188 (default: one is started)")
	f.IntVar(&o.Clients, "clients", 0, "clients that send prompts at once (default 20)")
	f.IntVar(&o.Rounds, "rounds", 0, "rounds of each part, of which the median counts (default 3)")
	f.StringSliceVar(&o.Only, "only", nil, "parts to measure: "+strings.Join(a.Bench.ServerParts(), ", ")+" (default all)")
	return c
}
