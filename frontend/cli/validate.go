package cli

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"
)

func (a *app) validateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "validate FILE...", Short: "Check workflows without running them", Args: count(1, math.MaxInt),
		Long: "Check workflows without running them: everything that is wrong is listed, each mistake on its node. FILE may be - for standard input.",
		RunE: func(c *cobra.Command, files []string) error {
			s, err := a.session(c.Context())
			if err != nil {
				return err
			}
			defer s.host.Close()
			bad := 0
			for _, path := range files {
				switch err := s.validate(c.Context(), path); {
				case c.Context().Err() != nil:
					return c.Context().Err()
				case err != nil:
					bad++
					a.say(err)
				default:
					if _, err := fmt.Fprintf(a.Out, "%s: valid\n", nameOf(path)); err != nil {
						return err
					}
				}
			}
			if bad > 0 {
				return failure{code: exitUsage}
			}
			return nil
		},
	}
}

func (s *session) validate(ctx context.Context, path string) error {
	file, err := s.read(ctx, path)
	if err != nil {
		return err
	}
	if err := s.engine.Validate(file.Prompt, nil).Err(); err != nil {
		return s.mistakes(path, file, err)
	}
	return nil
}
