package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// SavePath is where a node saves the files of one run: Dir/Base_00001_.ext, Dir/Base_00002_.ext, …
type SavePath struct {
	Root      Root
	Dir       string // absolute; it may not exist yet
	Base      string
	Counter   int    // of the first file
	Subfolder string // Dir relative to the root, as results name it; "" for the root itself
}

// SavePath works out the names for prefix, which may have folders ("a/b") and the tokens %width% and %height% (pixels) and
// %year% … %second% (local time). The counter goes on after the highest one in the folder. A prefix that leads out of the
// root is an error.
func (l *Layout) SavePath(r Root, prefix string, width, height int) (SavePath, error) {
	return l.savePathAt(r, prefix, width, height, time.Now())
}

func (l *Layout) savePathAt(r Root, prefix string, width, height int, now time.Time) (SavePath, error) {
	expanded := filepath.Clean(saveTokens(prefix, width, height, now))
	if strings.ContainsRune(expanded, 0) {
		return SavePath{}, fmt.Errorf("filename prefix %q holds a zero byte", prefix)
	}
	if !filepath.IsLocal(expanded) {
		return SavePath{}, fmt.Errorf("filename prefix %q leaves the %s folder %s; saving outside of it is not allowed", prefix, r, l.root[r])
	}
	sub, base := filepath.Split(expanded)
	p := SavePath{Root: r, Base: base, Subfolder: filepath.ToSlash(filepath.Clean(sub))}
	if sub == "" {
		p.Subfolder = ""
	}
	p.Dir = filepath.Join(l.root[r], sub)
	last, err := lastCounter(p.Dir, base)
	if err != nil {
		return SavePath{}, err
	}
	p.Counter = last + 1
	return p, nil
}

// Name is the file name for a counter; %batch_num% becomes the batch index, ext comes without a dot.
func (p SavePath) Name(counter, batchIndex int, ext string) string {
	base := strings.ReplaceAll(p.Base, "%batch_num%", strconv.Itoa(batchIndex))
	return fmt.Sprintf("%s_%05d_.%s", base, counter, ext)
}

func saveTokens(prefix string, width, height int, now time.Time) string {
	if !strings.Contains(prefix, "%") {
		return prefix
	}
	two := func(n int) string { return fmt.Sprintf("%02d", n) }
	return strings.NewReplacer(
		"%width%", strconv.Itoa(width), "%height%", strconv.Itoa(height),
		"%year%", strconv.Itoa(now.Year()), "%month%", two(int(now.Month())), "%day%", two(now.Day()),
		"%hour%", two(now.Hour()), "%minute%", two(now.Minute()), "%second%", two(now.Second()),
	).Replace(prefix)
}

// lastCounter is the highest number between "base_" and the next "_" of a name in dir; 0 where no name starts like that.
// A number that is not one counts as 0.
func lastCounter(dir, base string) (int, error) {
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return 0, err
	}
	last := 0
	for _, name := range names {
		if rest, ok := strings.CutPrefix(name, base+"_"); ok {
			digits, _, _ := strings.Cut(rest, "_")
			if n, err := strconv.Atoi(strings.TrimSpace(digits)); err == nil {
				last = max(last, n)
			}
		}
	}
	return last, nil
}
