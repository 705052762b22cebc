package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The pickles below are written by hand in the order of pickletools' listing, so that each test shows what it runs.

// short is SHORT_BINUNICODE.
func short(s string) string { return "\x8c" + string(rune(len(s))) + s }

// global is GLOBAL.
func global(module, name string) string { return "c" + module + "\n" + name + "\n" }

// storage is the persistent id of a storage, and BINPERSID.
func storage(class, key string, count int) string {
	return "(" + short("storage") + global("torch", class) + short(key) + short("cpu") + whole(count) + "tQ"
}

// whole is BININT.
func whole(n int) string { return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }

func wholesTuple(n ...int) string {
	s := "("
	for _, v := range n {
		s += whole(v)
	}
	return s + "t"
}

// rebuilt is a call of _rebuild_tensor_v2.
func rebuilt(storage string, first int, shape, stride string) string {
	return global("torch._utils", "_rebuild_tensor_v2") + "(" + storage + whole(first) + shape + stride +
		"\x89" + global("collections", "OrderedDict") + ")RtR"
}

func TestReadPickle(t *testing.T) {
	list := func(items ...any) *pickleList { return &pickleList{items} }
	dict := func(items ...any) *pickleDict {
		d := &pickleDict{}
		for i := 0; i < len(items); i += 2 {
			d.items = append(d.items, picklePair{items[i], items[i+1]})
		}
		return d
	}
	tests := map[string]struct {
		text string
		want any
	}{
		"none":              {"N.", nil},
		"bools":             {"\x80\x02\x88\x89\x86.", pickleTuple{true, false}},
		"text bools":        {"I01\nI00\n\x86.", pickleTuple{true, false}},
		"numbers":           {"(K\xffM\xff\xffJ\xff\xff\xff\xffI-7\nL8L\nt.", pickleTuple{int64(255), int64(65535), int64(-1), int64(-7), int64(8)}},
		"longs":             {"(\x8a\x00\x8a\x01\xff\x8a\x02\x00\x80\x8b\x01\x00\x00\x00\x05t.", pickleTuple{int64(0), int64(-1), int64(-32768), int64(5)}},
		"long of 9 bytes":   {"\x8a\x09123456789.", bigInt("123456789")},
		"floats":            {"G\x3f\xf8\x00\x00\x00\x00\x00\x00F-2.5\n\x86.", pickleTuple{1.5, -2.5}},
		"strings":           {"(S'a'\nU\x01bT\x01\x00\x00\x00cVd\nX\x01\x00\x00\x00e\x8c\x01f\x8d\x01\x00\x00\x00\x00\x00\x00\x00gt.", pickleTuple{"a", "b", "c", "d", "e", "f", "g"}},
		"bytes":             {"(C\x01aB\x01\x00\x00\x00b\x8e\x01\x00\x00\x00\x00\x00\x00\x00ct.", pickleTuple{"a", "b", "c"}},
		"lists":             {"](K\x01K\x02eK\x03a.", list(int64(1), int64(2), int64(3))},
		"protocol 0 list":   {"(I1\nI2\nl.", list(int64(1), int64(2))},
		"dictionaries":      {"}K\x01K\x02s(K\x03K\x04u.", dict(int64(1), int64(2), int64(3), int64(4))},
		"protocol 0 dict":   {"(S'a'\nI1\nd.", dict("a", int64(1))},
		"tuples":            {"()K\x01\x85K\x02K\x03\x86K\x04K\x05K\x06\x87t.", pickleTuple{pickleTuple{}, pickleTuple{int64(1)}, pickleTuple{int64(2), int64(3)}, pickleTuple{int64(4), int64(5), int64(6)}}},
		"memo":              {"K\x07q\x00h\x00r\x00\x01\x00\x00j\x00\x01\x00\x00\x87.", pickleTuple{int64(7), int64(7), int64(7)}},
		"memoize":           {"K\x07\x94h\x00\x86.", pickleTuple{int64(7), int64(7)}},
		"text memo":         {"K\x07p5\ng5\n\x86.", pickleTuple{int64(7), int64(7)}},
		"pops":              {"K\x01K\x020(K\x03K\x0412\x86.", pickleTuple{int64(1), int64(1)}},
		"pop of a mark":     {"K\x01(0.", int64(1)},
		"frame":             {"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00K\x01.", int64(1)},
		"ordered":           {global("collections", "OrderedDict") + ")RK\x01K\x02s.", dict(int64(1), int64(2))},
		"ordered of a list": {global("collections", "OrderedDict") + "](K\x01K\x02\x86e\x85R.", dict(int64(1), int64(2))},
		"stack global":      {"\x8c\x0bcollections\x8c\x0bOrderedDict\x93)R.", dict()},
		"parameter dict":    {global("torch.nn.modules.container", "ParameterDict") + ")\x81}" + short("_parameters") + "}sb.", dict("_parameters", dict())},
		"typed tensor": {global("torch._utils", "_rebuild_tensor_v3") + "(" + "(" + short("storage") + global("torch.storage", "UntypedStorage") + short("k") + short("cpu") + whole(8) + "tQ" +
			whole(1) + wholesTuple(2) + wholesTuple(1) + "\x89}" + global("torch", "uint16") + "tR.", pickleTensor{pickleStorage{U8, "k", 8}, U16, 1, []int64{2}, []int64{1}}},
		"what a trainer left": {global("numpy", "dtype") + short("f8") + "\x85R" + "(K\x03tb.", pickleObject{pickleGlobal{"numpy", "dtype"}}},
		"size":                {global("torch", "Size") + "(K\x02K\x03t\x85R.", pickleTuple{int64(2), int64(3)}},
		"tensor":              {rebuilt(storage("HalfStorage", "0", 6), 2, wholesTuple(2, 2), wholesTuple(2, 1)) + ".", pickleTensor{pickleStorage{F16, "0", 6}, F16, 2, []int64{2, 2}, []int64{2, 1}}},
		"parameter":           {global("torch._utils", "_rebuild_parameter") + "(" + rebuilt(storage("FloatStorage", "k", 1), 0, ")", ")") + "\x88" + "}tR.", pickleTensor{pickleStorage{F32, "k", 1}, F32, 0, []int64{}, []int64{}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, n, err := readPickle([]byte(tt.text + "rest"))
			if err != nil {
				t.Fatal(err)
			}
			if n != len(tt.text) {
				t.Errorf("took %d bytes of %d", n, len(tt.text))
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
		})
	}
}

func TestReadPickleRejects(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"empty":                  {"", "unexpected end"},
		"no stop":                {"N", "unexpected end"},
		"nothing on the stack":   {".", "empty stack"},
		"protocol 6":             {"\x80\x06N.", "protocol 6"},
		"os.system":              {global("os", "system") + "S'true'\n\x85R.", "os.system"},
		"builtins.eval":          {"\x8c\x08builtins\x8c\x04eval\x93.", "builtins.eval"},
		"a storage elsewhere":    {global("os", "FloatStorage") + ".", "os.FloatStorage"},
		"callback of a trainer":  {global("pytorch_lightning.callbacks", "ModelCheckpoint") + ".", "ModelCheckpoint"},
		"instance by opcode":     {"(ios\nsystem\n.", "opcode"},
		"extension registry":     {"\x82\x01.", "opcode"},
		"call of a string":       {"S'a'\n)R.", "call of"},
		"call of a storage":      {global("torch", "FloatStorage") + ")R.", "call of"},
		"call of a type":         {global("torch", "float32") + ")R.", "call of torch.float32"},
		"tensor of no type":      {global("torch._utils", "_rebuild_tensor_v3") + "(" + storage("FloatStorage", "0", 1) + whole(0) + ")))))tR.", "type a tuple"},
		"state of a number":      {"K\x01}b.", "state of"},
		"state of itself":        {"}q\x00h\x00b.", "state of"},
		"append to a dictionary": {"}K\x01a.", "append to a dictionary"},
		"set in a list":          {"]K\x01K\x02s.", "set items of a list"},
		"odd number of items":    {"}(K\x01u.", "set items"},
		"no mark":                {"K\x01t.", "no mark"},
		"pop through a mark":     {"K\x01(\x85.", "empty stack"},
		"memo not set":           {"h\x00.", "nothing remembered"},
		"string past the end":    {"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.", "unexpected end"},
		"long past the end":      {"\x8b\xff\xff\xff\x7fa.", "unexpected end"},
		"bad number":             {"Ix\n.", "number"},
		"line without end":       {"I12", "line without an end"},
		"bad string":             {"S'a\n.", "string"},
		"persistent id":          {"K\x01Q.", "reference to"},
		"negative storage":       {storage("FloatStorage", "0", -1) + ".", "reference to a storage"},
		"tensor without storage": {global("torch._utils", "_rebuild_tensor_v2") + "(NK\x00))tR.", "arguments"},
		"negative shape":         {rebuilt(storage("FloatStorage", "0", 1), 0, wholesTuple(-1), wholesTuple(1)) + ".", "arguments"},
		"shape without strides":  {rebuilt(storage("FloatStorage", "0", 1), 0, wholesTuple(1), ")") + ".", "arguments"},
		"too many steps":         {strings.Repeat("N0", maxPickleSteps) + "N.", "steps"},
		"copied without end":     {"](" + strings.Repeat("NN\x86", 2000) + "eq\x00" + strings.Repeat(global("collections", "OrderedDict")+"h\x00\x85R0", 2000) + "N.", "steps"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := readPickle([]byte(tt.text))
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want ErrFormat with %q", err, tt.want)
			}
		})
	}
}

// torchZip is a file as torch.save makes it today: entries with the values uncompressed.
func torchZip(t testing.TB, method uint16, entries ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.CreateHeader(&zip.FileHeader{Name: e[0], Method: method})
		if err == nil {
			_, err = f.Write([]byte(e[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// torchLegacy is a file as torch before 1.6 made it. Storages are key, number of values, bytes.
func torchLegacy(object string, storages ...[2]string) []byte {
	var b bytes.Buffer
	b.WriteString("\x80\x02\x8a\x0a" + string(legacyMagic) + ".")
	b.WriteString("\x80\x02M\xe9\x03.")
	b.WriteString("\x80\x02}" + short("little_endian") + "\x88s.")
	b.WriteString("\x80\x02" + object + ".")
	b.WriteString("\x80\x02](")
	for _, s := range storages {
		b.WriteString(short(s[0]))
	}
	b.WriteString("e.")
	for _, s := range storages {
		binary.Write(&b, binary.LittleEndian, int64(len(s[1])/2)) // the tests store float16
		b.WriteString(s[1])
	}
	return b.Bytes()
}

const halves = "\x00\x3c\x00\x40\x00\x42\x00\x44" // float16 1, 2, 3, 4

// twoTensors is {"state_dict": {"a": [[1,2],[3,4]], "b": [3,4]}, "epoch": 3} over one storage.
var twoTensors = "}(" + short("epoch") + "K\x03" + short("state_dict") + "}(" +
	short("a") + rebuilt(storage("HalfStorage", "0", 4), 0, wholesTuple(2, 2), wholesTuple(2, 1)) +
	short("b") + rebuilt(storage("HalfStorage", "0", 4), 2, wholesTuple(2), wholesTuple(1)) + "uu"

func TestOpenTorch(t *testing.T) {
	files := map[string][]byte{
		"zip":              torchZip(t, zip.Store, [2]string{"x/data.pkl", twoTensors + "."}, [2]string{"x/byteorder", "little"}, [2]string{"x/data/0", halves}),
		"zip, no folder":   torchZip(t, zip.Store, [2]string{"data.pkl", twoTensors + "."}, [2]string{"data/0", halves}),
		"before torch 1.6": torchLegacy(twoTensors, [2]string{"0", halves}),
	}
	for name, content := range files {
		t.Run(name, func(t *testing.T) {
			f, err := Open(written(t, "x.ckpt", content))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if want := []string{"a", "b"}; !slices.Equal(f.Names(), want) {
				t.Errorf("names %v, want %v", f.Names(), want)
			}
			a, err := f.Float32("a")
			if err != nil || !slices.Equal(a.Data, []float32{1, 2, 3, 4}) || !slices.Equal(a.Shape, []int{2, 2}) {
				t.Errorf("a: %v, %v", a, err)
			}
			b, err := f.Float32("b")
			if err != nil || !slices.Equal(b.Data, []float32{3, 4}) {
				t.Errorf("b: %v, %v", b, err)
			}
		})
	}
}

// TestOpenLightning reads checkpoints of a trainer (testdata/lightning.py): weights of many types, and classes that hold none beside them.
func TestOpenLightning(t *testing.T) {
	for _, name := range []string{"lightning.ckpt", "lightning-legacy.ckpt"} {
		t.Run(name, func(t *testing.T) {
			f, err := Open(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for name, want := range map[string][]float32{
				"half": {0, 1, 2, 3, 4, 5}, "f8": {1, -2, 0.5}, "bf": {3, 4}, "u16": {1, 65535}, "view": {3, 4, 5},
			} {
				if got, err := f.Float32(name); err != nil || !slices.Equal(got.Data, want) {
					t.Errorf("%s: %v, %v; want %v", name, got, err, want)
				}
			}
			if n := len(f.Names()); n != 5 {
				t.Errorf("%d tensors: %v", n, f.Names())
			}
		})
	}
}

func written(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenTorchRejects(t *testing.T) {
	half := func(count, first int, shape, stride string) string {
		return "}" + short("a") + rebuilt(storage("HalfStorage", "0", count), first, shape, stride) + "s"
	}
	zipped := func(object string) []byte {
		return torchZip(t, zip.Store, [2]string{"x/data.pkl", object + "."}, [2]string{"x/data/0", halves})
	}
	deep := strings.Repeat("]", 100) + strings.Repeat("a", 99)
	laughs := "]q\x00" // ten lists of ten of the one before
	for i := range 10 {
		laughs += fmt.Sprintf("](%seq%c", strings.Repeat("h"+string(rune(i)), 10), i+1)
	}
	tests := map[string]struct {
		file []byte
		want string
	}{
		"not a zip after all":      {[]byte("PK\x03\x04 and so on"), "zip"},
		"zip without a pickle":     {torchZip(t, zip.Store, [2]string{"readme", "x"}), "data.pkl"},
		"compressed":               {torchZip(t, zip.Deflate, [2]string{"x/data.pkl", twoTensors + "."}), "compressed"},
		"big endian":               {torchZip(t, zip.Store, [2]string{"x/data.pkl", "N."}, [2]string{"x/byteorder", "big"}), "byte order"},
		"missing storage":          {torchZip(t, zip.Store, [2]string{"x/data.pkl", twoTensors + "."}), "missing"},
		"storage too small":        {zipped(half(5, 0, wholesTuple(1), wholesTuple(1))), "leaves its storage"},
		"tensor past the storage":  {zipped(half(4, 3, wholesTuple(2), wholesTuple(1))), "leaves its storage"},
		"starts past the storage":  {zipped(half(4, 5, wholesTuple(0), wholesTuple(1))), "leaves its storage"},
		"shape overflows":          {zipped(half(4, 0, wholesTuple(1<<30, 1<<30, 1<<30), wholesTuple(1, 1, 1))), "too large"},
		"transposed":               {zipped(half(4, 0, wholesTuple(2, 2), wholesTuple(1, 2))), "strides"},
		"expanded":                 {zipped(half(4, 0, wholesTuple(4), wholesTuple(0))), "strides"},
		"name twice":               {zipped("}(" + short("a.b") + half(4, 0, ")", ")") + short("a") + "}" + short("b") + half(4, 0, ")", ")") + "su"), "twice"},
		"nested too deeply":        {zipped(deep), "too deeply"},
		"contains itself":          {zipped("]q\x00h\x00a"), "too deeply"},
		"a billion laughs":         {zipped(laughs), "too deeply"},
		"code":                     {zipped(global("os", "system") + "S'true'\n\x85R"), "os.system"},
		"legacy, wrong magic":      {[]byte("\x80\x02\x8a\x01\x07."), "not one of torch.save"},
		"legacy, cut short":        {torchLegacy(twoTensors, [2]string{"0", halves})[:300], "end"},
		"legacy, storage unknown":  {torchLegacy(twoTensors, [2]string{"1", halves}), "not part of the object"},
		"legacy, values cut short": {torchLegacy(twoTensors, [2]string{"0", halves + "xxxxxxxx"})[:len(torchLegacy(twoTensors, [2]string{"0", halves + "xxxxxxxx"}))-4], "unexpected end"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Open(written(t, "x.pt", tt.file))
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want ErrFormat with %q", err, tt.want)
			}
		})
	}
}

// FuzzOpenTorch checks that whatever is accepted lies inside the file.
func FuzzOpenTorch(f *testing.F) {
	f.Add(torchZip(f, zip.Store, [2]string{"x/data.pkl", twoTensors + "."}, [2]string{"x/data/0", halves}))
	f.Add(torchLegacy(twoTensors, [2]string{"0", halves}))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := Open(written(t, "x.pt", b))
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("error without ErrFormat: %v", err)
			}
			return
		}
		defer g.Close()
		for _, name := range g.Names() {
			if _, err := g.Raw(name); err != nil {
				t.Errorf("accepted %q: %v", name, err)
			}
		}
	})
}

// FuzzReadPickle runs pickles alone, where the fuzzer gets further than through a zip's checksums.
func FuzzReadPickle(f *testing.F) {
	f.Add([]byte(twoTensors + "."))
	f.Add([]byte("\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00K\x01\x94h\x00\x86."))
	f.Add([]byte(global("torch.nn.modules.container", "ParameterDict") + ")\x81}" + short("_parameters") + "}sb."))
	f.Add([]byte("(I01\nL8L\nS'a'\nVd\nF-2.5\nlp1\ng1\n\x86."))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, n, err := readPickle(b)
		if err != nil {
			return
		}
		if n < 1 || n > len(b) || b[n-1] != '.' {
			t.Fatalf("took %d bytes of %d", n, len(b))
		}
		var flat flattener
		if flat.walk("", stateDict(v), 0) == nil {
			for _, tensor := range flat.tensors {
				tensor.contiguous()
			}
		}
	})
}
