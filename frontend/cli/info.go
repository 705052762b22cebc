package cli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/frontend"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: count(0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.Out, "oneactor", a.Version)
			return err
		},
	}
}

func (a *app) modelsCommand() *cobra.Command {
	var asJSON, missing bool
	c := &cobra.Command{
		Use: "models [FOLDER]", Short: "List model files, as workflows name them", Args: count(0, math.MaxInt),
		Long: "List model files, as workflows name them. With --missing the arguments are workflows: every file that they need and that is not here is\n" +
			"listed with the folder to put it into, who needs it, and the address and hash that the workflow has for it.",
		Example: "  oneactor models loras\n  oneactor models --missing portrait.json",
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case missing && len(args) == 0:
				return failure{exitUsage, errors.New("--missing: name workflow files")}
			case missing:
				return a.modelsMissing(c.Context(), args, asJSON)
			case len(args) > 1:
				return failure{exitUsage, fmt.Errorf("%s: %d folders; name one, or none for all", c.CommandPath(), len(args))}
			}
			host, err := a.open()
			if err != nil {
				return err
			}
			defer host.Close()
			folders, err := host.Folders()
			if err != nil {
				return failure{exitFailed, err}
			}
			if len(args) == 1 {
				if folders, err = only(folders, args[0]); err != nil {
					return err
				}
			}
			if asJSON {
				return writeJSON(a.Out, folders)
			}
			if err := listFolders(a.Out, folders, len(args) == 1); err != nil {
				return err
			}
			if !slices.ContainsFunc(folders, func(f frontend.Folder) bool { return len(f.Models) > 0 }) {
				a.say(fmt.Errorf("no models found; put them into folders such as %s, or name another place with --base-directory", folders[0].Directories[0]))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&missing, "missing", false, "list the files that workflows need and that are not here")
	return c
}

func only(folders []frontend.Folder, key string) ([]frontend.Folder, error) {
	var keys []string
	for _, f := range folders {
		if f.Key == key {
			return []frontend.Folder{f}, nil
		}
		keys = append(keys, f.Key)
	}
	return nil, failure{exitUsage, fmt.Errorf("no model folder %q; there are %s", key, strings.Join(keys, ", "))}
}

// listFolders prints the models by folder; empty folders only when asked for one.
func listFolders(w io.Writer, folders []frontend.Folder, empty bool) error {
	for _, f := range folders {
		if len(f.Models) == 0 && !empty {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s  (%s)\n", f.Key, strings.Join(f.Directories, ", ")); err != nil {
			return err
		}
		for _, m := range f.Models {
			if _, err := fmt.Fprintln(w, "  "+m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *app) doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "doctor", Short: "Say what computes, what was found, and what to do about what was not", Args: count(0, 0),
		RunE: func(*cobra.Command, []string) error {
			host, err := a.open()
			if err != nil {
				return err
			}
			defer host.Close()
			d := host.Doctor()
			if asJSON {
				err = writeJSON(a.Out, d)
			} else {
				err = writeDiagnosis(a.Out, d)
			}
			if err == nil && d.Problem != "" {
				return failure{code: exitFailed}
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func writeDiagnosis(w io.Writer, d frontend.Diagnosis) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, value)
		}
	}
	row("onnxruntime", strings.TrimSpace(d.Version+"  "+d.Library))
	row("providers", strings.Join(d.Providers, ", "))
	row("device", d.Device)
	row("threads", fmt.Sprint(d.Threads))
	row("memory", fmt.Sprintf("%.1f GB", float64(d.Memory)/1e9))
	if d.GPUMemory > 0 {
		row("GPU memory", fmt.Sprintf("%.1f GB", float64(d.GPUMemory)/1e9))
	}
	for _, a := range d.CUDA {
		row("CUDA", strings.TrimSpace(fmt.Sprintf("%s  (%s)  %s %s", a.Path, a.Source, a.Version, a.Problem)))
	}
	row("note", d.Note)
	row("problem", strings.ReplaceAll(d.Problem, "\n", "\n\t"))
	for _, a := range d.Tried {
		row("looked at", strings.TrimSpace(fmt.Sprintf("%s  (%s)  %s %s", a.Path, a.Source, a.Version, a.Problem)))
	}
	return t.Flush()
}
