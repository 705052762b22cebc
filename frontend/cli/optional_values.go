package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// joinValues writes "--listen ADDRESS" as "--listen=ADDRESS" for flags whose value may be left out: ComfyUI takes both, pflag only the second.
func joinValues(root *cobra.Command, args []string) []string {
	c, _, err := root.Find(args)
	if err != nil {
		return args // cobra says what is wrong
	}
	out := slices.Clone(args)
	for i := 0; i+1 < len(out) && out[i] != "--"; i++ {
		name, long := strings.CutPrefix(out[i], "--")
		f := c.Flags().Lookup(name)
		if !long || f == nil || f.NoOptDefVal == "" || f.Value.Type() != "string" || strings.HasPrefix(out[i+1], "-") {
			continue
		}
		out = slices.Replace(out, i, i+2, out[i]+"="+out[i+1])
	}
	return out
}
