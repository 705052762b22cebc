package actor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/oneactor/oneactor/runtime"
)

// The trash is the folder trash/actors of the user folder. An actor lies there under its name and the time, in the same sub-folders.

func trashFolder(rt *runtime.Runtime) string {
	return filepath.Join(rt.Folders.User(), "trash", "actors")
}

// trashTime is the end of a name in the trash; a number follows where two were deleted in one second.
const trashTime = "-20060102-150405"

var trashEnd = regexp.MustCompile(`^(-\d{8}-\d{6})(?:-(\d+))?$`)

// Trash moves an actor out of models/actors into the trash of the user folder, and returns its path there.
func Trash(ctx context.Context, rt *runtime.Runtime, name string) (string, error) {
	full, path, err := find(rt, name)
	if err != nil {
		return "", err
	}
	base := filepath.Join(trashFolder(rt), strings.TrimSuffix(full, extension)) + time.Now().Format(trashTime)
	if err := os.MkdirAll(filepath.Dir(base), 0o777); err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		to := base + extension
		if n > 1 {
			to = fmt.Sprintf("%s-%d%s", base, n, extension)
		}
		err := copyNew(ctx, path, to)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return to, os.Remove(path)
	}
}

// Restore brings back the actor that was deleted last under a name, and returns the name with its ending. The error wraps fs.ErrNotExist where none
// was, and fs.ErrExist where another actor has the name by now.
func Restore(ctx context.Context, rt *runtime.Runtime, name string) (string, error) {
	sep := string(filepath.Separator)
	name = strings.TrimPrefix(filepath.Clean(sep+strings.TrimSuffix(name, extension)), sep)
	path, err := lastDeleted(filepath.Join(trashFolder(rt), name))
	if err != nil {
		return "", err
	}
	saved, _, err := rt.Folders.SaveModelAs(ctx, "actors", name, func(w io.Writer) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	})
	if err != nil {
		return "", err
	}
	return saved, os.Remove(path)
}

// lastDeleted is the newest file in the trash whose path is base and a time.
func lastDeleted(base string) (string, error) {
	entries, err := os.ReadDir(filepath.Dir(base))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var newest, at string
	number := 0
	for _, e := range entries {
		end, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), extension), filepath.Base(base))
		m := trashEnd.FindStringSubmatch(end)
		if !ok || m == nil || !e.Type().IsRegular() {
			continue
		}
		n, _ := strconv.Atoi(m[2]) // the first of a second has none
		if newest == "" || m[1] > at || m[1] == at && n > number {
			newest, at, number = e.Name(), m[1], n
		}
	}
	if newest == "" {
		return "", fmt.Errorf("the trash has no actor %q: look into %s: %w", filepath.Base(base), filepath.Dir(base), fs.ErrNotExist)
	}
	return filepath.Join(filepath.Dir(base), newest), nil
}
