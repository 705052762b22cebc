package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph"
)

// Program is what main hands over.
type Program struct {
	Version string
	// Nodes lists the node classes, built in and found; problems are what was found and is no class.
	Nodes func(context.Context, frontend.Settings) (classes *graph.Registry, problems []error, err error)
	// Close ends what Nodes began.
	Close func() error
	Open  func(frontend.Settings) (frontend.Host, error)
	Bench frontend.Bench
	// LongLived is called, where it is not nil, by commands that serve: what makes short ones fast is given up for less memory.
	LongLived func()
	// Templates are what a template browser shows: index.json, NAME.json and NAME-1.webp.
	Templates fs.FS
	// Canvas is the editor's page; nil is a page that says where to get one.
	Canvas fs.FS

	In       io.Reader
	Out, Err io.Writer
}

// The exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1 // something failed while it ran
	exitUsage  = 2 // the workflow or the usage is wrong
)

// failure is an error that decides the exit code. With a nil err everything has been said already.
type failure struct {
	code int
	err  error
}

func (f failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

func (f failure) Unwrap() error { return f.err }

// Main runs the command line and returns the exit code. Ctrl-C and SIGTERM cancel what runs; a second one ends the process at once.
func Main(ctx context.Context, p Program, args []string) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	root := New(p)
	root.SetArgs(joinValues(root, args))
	started := false
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	say := (&app{Program: p}).say
	err := root.ExecuteContext(ctx)
	if failed := p.Close(); failed != nil && err == nil {
		err = failure{exitFailed, failed}
	}
	if err == nil {
		return exitDone
	}
	if errors.Is(err, context.Canceled) {
		say(errors.New("interrupted"))
		return exitFailed
	}
	var f failure
	if !errors.As(err, &f) {
		f = failure{exitUsage, err} // what cobra itself finds wrong
		if started {
			f.code = exitFailed // such as a full disk behind stdout
		}
	}
	if f.err != nil {
		say(f)
	}
	return f.code
}

// New builds the command tree.
func New(p Program) *cobra.Command {
	app := &app{Program: p}
	root := &cobra.Command{
		Use:           "oneactor",
		Short:         "Run ComfyUI workflows, with the same character in every picture",
		Long:          "oneactor runs ComfyUI workflows headless: the JSON and PNG files you have, with the models you have.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(p.In)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return fmt.Errorf("%w; see %s --help", err, c.CommandPath()) })
	app.settingsFlags(root)
	root.AddCommand(
		app.serveCommand(), app.workerCommand(), app.runCommand(), app.validateCommand(), app.convertCommand(), app.nodesCommand(), app.modelsCommand(), app.actorsCommand(),
		app.benchCommand(), app.doctorCommand(), app.versionCommand(),
	)
	return root
}

// count wants a number of arguments, and says what to do where cobra only counts.
func count(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return fmt.Errorf("%s: %d arguments; use %s", c.CommandPath(), len(args), c.UseLine())
		}
		return nil
	}
}

// app is the state that commands share.
type app struct {
	Program
	settings frontend.Settings
}

// say tells a person about a problem.
func (a *app) say(err error) { fmt.Fprintln(a.Err, "oneactor:", err) }

func (a *app) settingsFlags(c *cobra.Command) {
	f, s := c.PersistentFlags(), &a.settings
	f.StringVar(&s.BaseDirectory, "base-directory", "", "folder that holds models/, input/ and output/, such as a ComfyUI folder (default: the current one)")
	f.StringVar(&s.OutputDirectory, "output-directory", "", "where results go (default: output/ in the base directory)")
	f.StringVar(&s.InputDirectory, "input-directory", "", "where pictures are loaded from (default: input/)")
	f.StringVar(&s.TempDirectory, "temp-directory", "", "parent of the folder temp/ for previews")
	f.StringVar(&s.UserDirectory, "user-directory", "", "settings and saved workflows (default: user/)")
	f.StringArrayVar(&s.ExtraModelPaths, "extra-model-paths-config", nil, "extra_model_paths.yaml with further model folders; may be repeated")
	f.StringVar(&s.Device, "device", "auto", "what computes: auto, cpu, cuda or cuda:N")
	f.StringToStringVar(&s.CUDA, "cuda-option", nil, "option of onnxruntime's CUDA provider, such as gpu_mem_limit=8000000000; may be repeated")
	f.IntVar(&s.Threads, "threads", 0, "CPU threads (default: one per core)")
	f.StringVar(&s.Library, "onnxruntime", "", "the onnxruntime library (default: found, see oneactor doctor)")
	f.StringVar(&s.Weights, "weights", "auto", "how weights are held: auto, mapped (left in their files, least memory) or packed (fastest)")
	f.Int64Var(&s.CacheBytes, "cache-bytes", 0, "memory for results kept between runs (default: a quarter of the memory)")
	f.IntVar(&s.CacheResults, "cache-lru", 0, "also keep up to so many results that the newest prompt has no use for, the last used ones")
	f.BoolVar(&s.CacheNone, "cache-none", false, "keep no results between runs")
	f.Bool("cache-classic", true, "keep the results of the newest prompt")
	c.MarkFlagsMutuallyExclusive("cache-lru", "cache-none", "cache-classic")
	f.BoolVar(&s.DisableCustomNodes, "disable-all-custom-nodes", false, "start no programs of custom_nodes/")
	f.BoolVar(&s.DisableMetadata, "disable-metadata", false, "save no prompt and workflow in files")
}

// engine makes an engine with the cache that the flags ask for.
func (a *app) engine(classes *graph.Registry, choices graph.Choices, host frontend.Host) *graph.Engine {
	c := graph.Config{Choices: choices, CacheBytes: a.settings.CacheBytes, CacheResults: a.settings.CacheResults, Bind: host.Bind}
	if a.settings.CacheNone {
		c.CacheBytes = 1 // a result stays only as long as a node of the prompt needs it
	}
	return graph.NewEngine(classes, c)
}

// open makes the host the flags ask for.
func (a *app) open() (frontend.Host, error) {
	host, err := a.Open(a.settings)
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	return host, nil
}
