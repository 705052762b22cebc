package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/frontend"
)

func (a *app) actorsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "actors", Short: "List, show, export, import and delete actors", Args: count(0, 0),
		Long: "Actors are tuned characters, files of about 100 kB in models/actors. Without a sub-command they are listed.",
		RunE: func(*cobra.Command, []string) error {
			return a.withActors(func(h frontend.Actors) error {
				list, err := h.ListActors()
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(a.Out, list)
				}
				if len(list) == 0 {
					a.say(errors.New("no actors yet: tune one with the nodes TuneActor and SaveActor, or import one"))
					return nil
				}
				return listActors(a.Out, list)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.AddCommand(a.showActor(), a.exportActor(), a.importActor(), a.setActor(), a.deleteActor())
	return c
}

// withActors opens the program for one piece of work; whatever goes wrong there ends with exit code 1.
func (a *app) withActors(do func(frontend.Actors) error) error {
	host, err := a.open()
	if err != nil {
		return err
	}
	defer host.Close()
	if err := do(host); err != nil {
		if errors.Is(err, context.Canceled) {
			return err
		}
		return failure{exitFailed, err}
	}
	return nil
}

func listActors(out io.Writer, list []frontend.Actor) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\tword\tmodel\tthumbnail\tsize\torigin\tlicence")
	for _, x := range list {
		if x.Problem != "" {
			fmt.Fprintf(w, "%s\tcannot be used: %s\n", x.Name, x.Problem)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s %.8s\t%s\t%s\t%s\t%s\n", x.Name, oneLine(x.Word), oneLine(x.Family), oneLine(x.Fingerprint), thumbnail(x), bytesText(x.Bytes), oneLine(x.Origin), oneLine(x.Licence))
	}
	return w.Flush()
}

// oneLine is a text of a stranger's file for a table.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 40 {
		s = string(r[:39]) + "…"
	}
	if s == "" {
		return "-"
	}
	return s
}

func thumbnail(a frontend.Actor) string {
	if a.Thumbnail[0] == 0 {
		return "-"
	}
	return fmt.Sprintf("%dx%d", a.Thumbnail[0], a.Thumbnail[1])
}

func bytesText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d kB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

func (a *app) showActor() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "show NAME", Short: "Show everything about an actor", Args: count(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.withActors(func(h frontend.Actors) error {
				x, err := h.ShowActor(args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(a.Out, x)
				}
				if x.Problem != "" {
					return errors.New(x.Problem)
				}
				return describeActor(a.Out, x)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func describeActor(out io.Writer, x frontend.Actor) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	rows := [][2]string{
		{"name", x.Name}, {"file", x.Path}, {"size", bytesText(x.Bytes)}, {"base word", x.Word}, {"concept", x.Concept},
		{"model", x.Family + " " + x.Fingerprint}, {"pictures", fmt.Sprint(x.Pictures)}, {"width", fmt.Sprint(x.Width)},
		{"prompt", x.Prompt}, {"seed", fmt.Sprint(x.Seed)}, {"steps", fmt.Sprint(x.Steps)}, {"thumbnail", thumbnail(x)},
		{"projector", map[bool]string{true: "yes, tuning can go on", false: "no"}[x.Projector]}, {"origin", x.Origin}, {"licence", x.Licence},
	}
	for _, key := range slices.Sorted(maps.Keys(x.Settings)) {
		rows = append(rows, [2]string{"setting " + key, x.Settings[key]})
	}
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\n", r[0], strings.ReplaceAll(r[1], "\n", "\n\t"))
	}
	return w.Flush()
}

func (a *app) exportActor() *cobra.Command {
	return &cobra.Command{
		Use: "export NAME FILE", Short: "Copy an actor to a file, to give it away", Args: count(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withActors(func(h frontend.Actors) error { return h.ExportActor(c.Context(), args[0], args[1]) })
		},
	}
}

func (a *app) importActor() *cobra.Command {
	var name, origin, licence string
	c := &cobra.Command{
		Use: "import FILE", Short: "Take an actor's file into models/actors", Args: count(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withActors(func(h frontend.Actors) error {
				stored, err := h.ImportActor(c.Context(), args[0], name, origin, licence)
				if err == nil {
					_, err = fmt.Fprintln(a.Out, stored)
				}
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&name, "name", "", "store it under this name (default: that of the file)")
	f.StringVar(&origin, "origin", "", "who made it, and from what")
	f.StringVar(&licence, "licence", "", "what may be done with it")
	return c
}

func (a *app) setActor() *cobra.Command {
	fields := map[string]*string{}
	c := &cobra.Command{
		Use: "set NAME", Short: "Change what is said about an actor", Args: count(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			changes := map[string]string{}
			for key, value := range fields {
				if c.Flags().Changed(key) {
					changes[key] = *value
				}
			}
			if len(changes) == 0 {
				return failure{exitUsage, fmt.Errorf("nothing to set; give --%s", strings.Join(slices.Sorted(maps.Keys(fields)), ", --"))}
			}
			return a.withActors(func(h frontend.Actors) error { return h.SetActor(c.Context(), args[0], changes) })
		},
	}
	for key, help := range map[string]string{"origin": "who made it, and from what", "licence": "what may be done with it", "prompt": "the prompt of its cluster"} {
		fields[key] = c.Flags().String(key, "", help)
	}
	return c
}

func (a *app) deleteActor() *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Short: "Move an actor into the trash", Args: count(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withActors(func(h frontend.Actors) error {
				trash, err := h.TrashActor(c.Context(), args[0])
				if err == nil {
					_, err = fmt.Fprintln(a.Out, "moved to", trash)
				}
				return err
			})
		},
	}
}
