package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/graph/comfy"
)

func (a *app) convertCommand() *cobra.Command {
	var ui bool
	c := &cobra.Command{
		Use: "convert FILE", Short: "Print a workflow in API form", Args: count(1, 1),
		Long: "Print a workflow, such as one saved by the editor or kept in a PNG, as the API prompt that runs; subgraphs and group nodes are opened.\n" +
			"With --ui an API prompt, or the settings of an A1111 picture, become a graph that the editor opens. FILE may be - for standard input.",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := a.session(c.Context())
			if err != nil {
				return err
			}
			defer s.host.Close()
			file, err := s.read(c.Context(), args[0])
			if err != nil {
				return err
			}
			if u := file.Unknown(s.definitions()); u != nil && file.Kind == comfy.UI {
				return failure{exitUsage, fmt.Errorf("%s: %w", nameOf(args[0]), u)}
			}
			out := file.Prompt
			if ui {
				if out = file.Workflow; out == nil {
					out, err = comfy.Layout(file.Prompt, s.definitions())
				}
				if err != nil {
					return failure{exitUsage, fmt.Errorf("%s: %w", nameOf(args[0]), err)}
				}
			}
			text, err := comfy.FormatAPI(out)
			if err != nil {
				return failure{exitFailed, err}
			}
			_, err = a.Out.Write(text)
			return err
		},
	}
	c.Flags().BoolVar(&ui, "ui", false, "print a graph for the editor instead")
	return c
}
