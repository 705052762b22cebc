package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// findHash finds a model by the hash that A1111 writes beside its name: the beginning of the SHA-256 of the file, or in older pictures, with
// 8 digits, of the 64 KiB after the first MiB. It reads whole files, so it is asked only where no file has the name.
func (s *session) findHash(ctx context.Context, folder, hash string) string {
	folders, err := s.host.Folders()
	if err != nil || len(hash) < 8 || strings.Trim(hash, "0123456789abcdef") != "" {
		return ""
	}
	for _, f := range folders {
		if f.Key != folder {
			continue
		}
		if len(f.Models) > 0 {
			s.app.say(fmt.Errorf("looking for the model with the hash %s among %d", hash, len(f.Models)))
		}
		for _, name := range f.Models {
			for _, dir := range f.Directories {
				sum, err := modelHash(ctx, filepath.Join(dir, name), len(hash) == 8)
				if err == nil && strings.HasPrefix(sum, hash) {
					return name
				}
			}
		}
	}
	return ""
}

func modelHash(ctx context.Context, path string, old bool) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var r io.Reader = f
	if old {
		r = io.NewSectionReader(f, 1<<20, 1<<16)
	}
	h := sha256.New()
	for {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if _, err := io.CopyN(h, r, 64<<20); err == io.EOF {
			return hex.EncodeToString(h.Sum(nil)), nil
		} else if err != nil {
			return "", err
		}
	}
}
