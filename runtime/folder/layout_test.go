package folder

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree makes files (empty), folders (names ending in "/") and links ("name -> target") below a new directory.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		link, target, isLink := strings.Cut(name, " -> ")
		path := filepath.Join(root, link)
		check(t, os.MkdirAll(filepath.Dir(path), 0o777))
		switch {
		case isLink:
			check(t, os.Symlink(target, path))
		case strings.HasSuffix(name, "/"):
			check(t, os.MkdirAll(path, 0o777))
		default:
			check(t, os.WriteFile(path, nil, 0o666))
		}
	}
	return root
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func layout(t *testing.T, c Config) *Layout {
	t.Helper()
	l, err := New(c)
	check(t, err)
	return l
}

func TestList(t *testing.T) {
	tests := map[string]struct {
		files []string
		key   string
		want  []string
	}{
		"no folder":                     {nil, "checkpoints", nil},
		"empty folder":                  {[]string{"models/checkpoints/"}, "checkpoints", nil},
		"by extension, in any case":     {[]string{"models/loras/a.SafeTensors", "models/loras/b.txt", "models/loras/c.sft"}, "loras", []string{"a.SafeTensors", "c.sft"}},
		"a dot file has no extension":   {[]string{"models/loras/.ckpt"}, "loras", nil},
		"sub-folders, sorted":           {[]string{"models/vae/z.pt", "models/vae/s/a.pt", "models/vae/B.pt"}, "vae", []string{"B.pt", "s/a.pt", "z.pt"}},
		".git is skipped":               {[]string{"models/vae/.git/a.pt", "models/vae/b.pt"}, "vae", []string{"b.pt"}},
		"both folders, each name once":  {[]string{"models/text_encoders/a.pt", "models/clip/a.pt", "models/clip/b.pt"}, "text_encoders", []string{"a.pt", "b.pt"}},
		"legacy key clip":               {[]string{"models/clip/b.pt"}, "clip", []string{"b.pt"}},
		"legacy key unet":               {[]string{"models/diffusion_models/u.pt"}, "unet", []string{"u.pt"}},
		"saved by a node":               {[]string{"output/checkpoints/mine.safetensors"}, "checkpoints", []string{"mine.safetensors"}},
		"link to a file":                {[]string{"elsewhere/a.pt", "models/vae/l.pt -> ../../elsewhere/a.pt"}, "vae", []string{"l.pt"}},
		"link to a folder":              {[]string{"elsewhere/a.pt", "models/vae/l -> ../../elsewhere"}, "vae", []string{"l/a.pt"}},
		"link to nothing":               {[]string{"models/vae/l.pt -> gone"}, "vae", nil},
		"links in a circle":             {[]string{"models/vae/a.pt", "models/vae/up -> ..", "models/vae/self -> ."}, "vae", []string{"a.pt"}},
		"two links into each other":     {[]string{"models/vae/a/x.pt", "models/vae/b/y.pt", "models/vae/a/b -> ../b", "models/vae/b/a -> ../a"}, "vae", []string{"a/b/y.pt", "a/x.pt", "b/a/x.pt", "b/y.pt"}},
		"configs":                       {[]string{"models/configs/v1.yaml", "models/configs/v1.ckpt"}, "configs", []string{"v1.yaml"}},
		"classifiers have no extension": {[]string{"models/classifiers/a", "models/classifiers/b.pt"}, "classifiers", []string{"a"}},
		"diffusers are folders":         {[]string{"models/diffusers/sd/model_index.json", "models/diffusers/sd/unet/config.json"}, "diffusers", []string{"sd"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := layout(t, Config{Base: tree(t, tt.files...)}).List(tt.key)
			check(t, err)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestListSeesChanges(t *testing.T) {
	base := tree(t, "models/vae/a.pt", "models/vae/sub/b.pt")
	l := layout(t, Config{Base: base})
	steps := []struct {
		change func() error
		want   string
	}{
		{func() error { return nil }, "a.pt sub/b.pt"},
		{func() error { return os.WriteFile(filepath.Join(base, "models/vae/sub/c.pt"), nil, 0o666) }, "a.pt sub/b.pt sub/c.pt"},
		{func() error { return os.Remove(filepath.Join(base, "models/vae/a.pt")) }, "sub/b.pt sub/c.pt"},
		{func() error { return os.MkdirAll(filepath.Join(base, "output/vae"), 0o777) }, "sub/b.pt sub/c.pt"},
		{func() error { return os.WriteFile(filepath.Join(base, "output/vae/d.pt"), nil, 0o666) }, "d.pt sub/b.pt sub/c.pt"},
		{func() error { return os.RemoveAll(filepath.Join(base, "models")) }, "d.pt"},
	}
	for i, s := range steps {
		check(t, s.change())
		names, err := l.List("vae")
		check(t, err)
		if got := strings.Join(names, " "); got != s.want {
			t.Errorf("step %d: got %q, want %q", i, got, s.want)
		}
	}
}

func TestListIsCached(t *testing.T) {
	base := tree(t, "models/vae/a.pt")
	l := layout(t, Config{Base: base})
	dir := filepath.Join(base, "models/vae")
	st, err := os.Stat(dir)
	check(t, err)
	old := st.ModTime().Add(-10 * clockTick)
	check(t, os.Chtimes(dir, old, old))
	first, err := l.List("vae")
	check(t, err)
	first[0] = "changed by the caller"
	// A file that the modification time hides is only missed if the list was not read again.
	check(t, os.WriteFile(filepath.Join(dir, "b.pt"), nil, 0o666))
	check(t, os.Chtimes(dir, old, old))
	second, err := l.List("vae")
	check(t, err)
	if !slices.Equal(second, []string{"a.pt"}) {
		t.Errorf("got %q, want the cached [a.pt]", second)
	}
}

func TestFind(t *testing.T) {
	base := tree(t, "secret.pt", "models/secret.pt", "models/vae/a.pt", "models/vae/sub/b.pt", "models/unet/x.pt",
		"models/diffusion_models/x.pt", "models/diffusers/sd/model_index.json", "models/vae/dir.pt/")
	l := layout(t, Config{Base: base})
	tests := map[string]struct{ key, name, want string }{
		"plain":                 {"vae", "a.pt", "models/vae/a.pt"},
		"sub-folder":            {"vae", "sub/b.pt", "models/vae/sub/b.pt"},
		"first folder wins":     {"diffusion_models", "x.pt", "models/unet/x.pt"},
		"legacy key":            {"unet", "x.pt", "models/unet/x.pt"},
		"dots inside":           {"vae", "sub/../a.pt", "models/vae/a.pt"},
		"dots cannot leave":     {"vae", "../../a.pt", "models/vae/a.pt"},
		"an absolute name":      {"vae", "/a.pt", "models/vae/a.pt"},
		"a diffusers folder":    {"diffusers", "sd", "models/diffusers/sd"},
		"not a parent's file":   {"vae", "../secret.pt", ""},
		"not a folder":          {"vae", "dir.pt", ""},
		"empty name":            {"vae", "", ""},
		"zero byte":             {"vae", "a.pt\x00", ""},
		"missing":               {"vae", "nope.pt", ""},
		"the real place hidden": {"vae", base + "/secret.pt", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := l.Find(tt.key, tt.name)
			if tt.want == "" {
				if missing := new(NotFound); !errors.As(err, &missing) {
					t.Fatalf("got %q, %v; want a NotFound", got, err)
				}
				return
			}
			check(t, err)
			if want := filepath.Join(base, tt.want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestFindEmbedding(t *testing.T) {
	base := tree(t, "models/embeddings/a.pt", "models/embeddings/a.safetensors", "models/embeddings/x/b.bin", "models/embeddings/x/y/c",
		"models/embeddings/a.txt", "models/secret.pt", "models/embeddings/d.v2.pt", "models/embeddings/dir.pt/")
	l := layout(t, Config{Base: base})
	for name, want := range map[string]string{
		"a":                 "a.safetensors",
		"a.pt":              "a.pt",
		"b":                 "x/b.bin",
		"x/b":               "x/b.bin",
		`x\b`:               "x/b.bin",
		"y/c":               "x/y/c",
		"c":                 "x/y/c",
		"x/../a":            "a.safetensors",
		"d.v2":              "d.v2.pt",
		"A":                 "",
		"dir":               "",
		"":                  "",
		"../secret":         "",
		"x/../../secret.pt": "",
		"a\x00":             "",
	} {
		got, ok := l.FindEmbedding(name)
		if want != "" {
			want = filepath.Join(base, "models/embeddings", want)
		}
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if got, ok := l.FindEmbedding(filepath.Join(base, "models/secret.pt")); ok {
		t.Errorf("an absolute name found %s", got)
	}
}

func TestNotFoundSaysWhatIsThere(t *testing.T) {
	base := tree(t, "models/checkpoints/sd/v1-5-pruned.safetensors", "models/checkpoints/anything.ckpt", "models/checkpoints/v1-5-pruned-emaonly.ckpt")
	_, err := layout(t, Config{Base: base}).Find("checkpoints", `SD\v1-5-prunde.ckpt`)
	if err == nil {
		t.Fatal("found a file that is not there")
	}
	got := err.Error()
	for _, want := range []string{
		`Model in folder 'checkpoints' with filename 'SD\v1-5-prunde.ckpt' not found.`,
		"'sd/v1-5-pruned.safetensors'",
		filepath.Join(base, "models/checkpoints"), filepath.Join(base, "output/checkpoints"),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
	if strings.Contains(got, "anything") {
		t.Errorf("%q names a file that is not alike", got)
	}
}

func TestUnknownKey(t *testing.T) {
	l := layout(t, Config{Base: t.TempDir()})
	if _, err := l.List("checkpoint"); !errors.Is(err, ErrUnknownKey) || !strings.Contains(err.Error(), "checkpoints") {
		t.Errorf("got %v, want the known keys", err)
	}
}

func TestVAENames(t *testing.T) {
	tests := map[string]struct {
		files []string
		want  string
	}{
		"nothing":      {nil, "pixel_space"},
		"half a taesd": {[]string{"models/vae_approx/taesd_encoder.pth"}, "pixel_space"},
		"taesd and a file": {
			[]string{"models/vae/z.pt", "models/vae_approx/taesd_encoder.pth", "models/vae_approx/taesd_decoder.safetensors"}, "z.pt taesd pixel_space",
		},
		"taesdxl is not taesd": {[]string{"models/vae_approx/taesdxl_encoder.pth", "models/vae_approx/taesdxl_decoder.pth"}, "taesdxl pixel_space"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			names, err := layout(t, Config{Base: tree(t, tt.files...)}).VAENames()
			check(t, err)
			if got := strings.Join(names, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
