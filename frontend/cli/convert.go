package cli

import (
	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/graph/comfy"
)

func (a *app) convertCommand() *cobra.Command {
	return &cobra.Command{
		Use: "convert FILE", Short: "Print a workflow in API form", Args: count(1, 1),
		Long: "Print a workflow, such as one saved by the editor or kept in a PNG, as the API prompt that runs. FILE may be - for standard input.",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := a.session()
			if err != nil {
				return err
			}
			defer s.host.Close()
			file, err := s.read(c.Context(), args[0])
			if err != nil {
				return err
			}
			text, err := comfy.FormatAPI(file.Prompt)
			if err != nil {
				return failure{exitFailed, err}
			}
			_, err = a.Out.Write(text)
			return err
		},
	}
}
