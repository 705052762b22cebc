package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestJoinValues(t *testing.T) {
	a := &app{}
	root := &cobra.Command{Use: "oneactor"}
	root.AddCommand(a.serveCommand(), a.runCommand())
	tests := map[string]struct{ args, want string }{
		"a value behind":        {"serve --listen 0.0.0.0 --port 1", "serve --listen=0.0.0.0 --port 1"},
		"a value joined":        {"serve --listen=0.0.0.0 --port 1", "serve --listen=0.0.0.0 --port 1"},
		"no value":              {"serve --listen --port 1", "serve --listen --port 1"},
		"no value, last":        {"serve --listen", "serve --listen"},
		"several":               {"serve --enable-cors-header https://x --verbose DEBUG", "serve --enable-cors-header=https://x --verbose=DEBUG"},
		"a switch":              {"serve --multi-user --listen", "serve --multi-user --listen"},
		"an ordinary flag":      {"serve --port 1", "serve --port 1"},
		"of another command":    {"run --listen x", "run --listen x"},
		"behind two dashes":     {"serve -- --listen x", "serve -- --listen x"},
		"no such command":       {"nothing --listen x", "nothing --listen x"},
		"a value with a dash":   {"serve --verbose -x", "serve --verbose -x"},
		"the flag named as one": {"serve --listen --listen x", "serve --listen --listen=x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(joinValues(root, strings.Fields(tt.args)), " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
