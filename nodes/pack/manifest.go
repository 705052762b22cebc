package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// manifestName is the file that makes a folder a pack.
const manifestName = "oneactor.json"

// protocol is the version that is spoken.
const protocol = 1

// manifest is what a pack says of itself.
type manifest struct {
	Command  []string `json:"command"`  // started in the pack's folder; a first word with a slash is relative to it
	Protocol int      `json:"protocol"` // 1
}

func readManifest(dir string) (manifest, error) {
	var m manifest
	text, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return m, err
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("%s: %w", manifestName, err)
	}
	switch {
	case len(m.Command) == 0 || m.Command[0] == "":
		return m, fmt.Errorf(`%s: no command; write {"command": ["python3", "pack.py"], "protocol": %d}`, manifestName, protocol)
	case m.Protocol != protocol:
		return m, fmt.Errorf("%s: protocol %d; this oneactor speaks %d", manifestName, m.Protocol, protocol)
	}
	return m, nil
}

// fingerprint changes with every file of the pack: its names, sizes and times. What starts with a dot or two underscores is left out, and so
// are the packages that it has installed, which may be very many.
func fingerprint(dir string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); path != dir && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "__") || d.IsDir() && isInstalled(path)) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !d.IsDir() {
			fmt.Fprintln(h, path, info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// isInstalled reports whether a folder holds packages: an environment of Python, or node_modules.
func isInstalled(dir string) bool {
	if filepath.Base(dir) == "node_modules" {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "pyvenv.cfg"))
	return err == nil
}
