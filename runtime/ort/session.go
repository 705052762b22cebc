package ort

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strconv"
	"sync"

	onnxruntime "github.com/yalue/onnxruntime_go"
)

// ErrClosed is returned by Run on a closed session.
var ErrClosed = errors.New("session is closed")

// Level says what onnxruntime may do to the weights while it loads a graph.
type Level int

const (
	// Mapped loads in milliseconds and leaves float32 weights in their files; half precision ones become a float32 copy.
	// Extended optimisations, no prepacking.
	Mapped Level = iota
	// Packed copies weights into the layouts its kernels like best: seconds per GB to load, faster to run.
	Packed
	// Stored leaves weights of every type in their files: half precision ones are converted in each run. The least memory, the
	// slowest to run.
	Stored
)

func (l Level) String() string {
	return [...]string{Mapped: "mapped", Packed: "packed", Stored: "stored"}[l]
}

// SessionOptions of NewSession; the zero value is Mapped.
type SessionOptions struct {
	Level Level
	// Threads of one operator; 0 is the Runtime's.
	Threads int
	// Release gives the memory of activations back after each run: right where the next run is far off, such as after
	// decoding a picture.
	Release bool
	// Profile writes onnxruntime's trace of every operator to a file that begins with this path; empty writes none.
	Profile string
	// Config are further entries of onnxruntime's session configuration; they win over ours.
	Config map[string]string
}

// Session is a graph ready to run. It may be used by several goroutines at once.
type Session struct {
	runtime   *Runtime
	signature signature
	options   SessionOptions
	session   *onnxruntime.DynamicAdvancedSession
	names     cNames
	weights   widenedWeights
	fed       ports // weights, as every run gets them
	derived   int64 // bytes of weights in another form
	pin       goruntime.Pinner

	closing sync.RWMutex // read-held by runs
	closed  bool
}

// NewSession loads model, the bytes of a ModelProto whose external data names files relative to "/".
// When ctx is cancelled NewSession returns ctx.Err() at once. onnxruntime stops loading a little later, and what it has made
// by then is thrown away. Errors wrap ErrModel when model is not a ModelProto.
func (r *Runtime) NewSession(ctx context.Context, model []byte, o SessionOptions) (*Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sig, err := readSignature(model)
	if err != nil {
		return nil, err
	}
	if len(sig.inputs) == 0 {
		return nil, fmt.Errorf("%w: no inputs; a constant needs no session", ErrModel)
	}
	if len(sig.outputs) == 0 {
		return nil, fmt.Errorf("%w: no float32 outputs, and others cannot be read", ErrModel)
	}
	l := &loading{runtime: r, signature: sig, options: o}
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.load(ctx, model)
	}()
	select {
	case <-done:
		if l.err != nil {
			return nil, r.explain(fmt.Errorf("loading a graph: %w", l.err))
		}
		return l.session, nil
	case <-ctx.Done():
		go func() {
			if <-done; l.session != nil {
				_ = l.session.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// loading is a load under way.
type loading struct {
	runtime   *Runtime
	signature signature
	options   SessionOptions

	session *Session
	err     error
}

// load makes the session or sets err.
func (l *loading) load(ctx context.Context, model []byte) {
	options, err := onnxruntime.NewSessionOptions()
	if err != nil {
		l.err = err
		return
	}
	defer options.Destroy()
	if l.err = l.runtime.configure(options, l.options); l.err != nil {
		return
	}
	s := &Session{runtime: l.runtime, signature: l.signature, options: l.options}
	if l.options.Level == Mapped && !l.runtime.device.CUDA { // inputs would go to the GPU anew in every run
		var derived, casts []widening
		if model, derived, l.err = derive(model); l.err != nil {
			return
		}
		for _, w := range derived {
			s.derived += 4 * w.count()
		}
		if model, casts, l.err = widenCasts(model); l.err != nil {
			return
		}
		if s.weights, l.err = widen(ctx, append(derived, casts...), l.runtime.threads); l.err != nil {
			return
		}
	}
	if l.options.Level == Stored && !l.runtime.device.CUDA {
		if model, l.err = castsFirst(model); l.err != nil {
			return
		}
	}
	stop := onCancel(ctx, func() { _ = l.runtime.api.cancelLoad(options) })
	defer stop()
	inputs := append(names(l.signature.inputs), s.weights.names...)
	if s.session, l.err = onnxruntime.NewDynamicAdvancedSessionWithONNXData(model, inputs, names(l.signature.outputs), options); l.err != nil {
		s.weights.free()
		return
	}
	s.names = newCNames(inputs, names(l.signature.outputs))
	for i, name := range s.weights.names {
		h, err := s.weights.values[i].wrap(l.runtime.api, &s.pin)
		if err != nil {
			l.err = errors.Join(fmt.Errorf("weight %s: %w", name, err), s.Close())
			return
		}
		s.fed.add(s.names[name], h)
	}
	l.session = s
}

// onCancel calls f when ctx is cancelled. After stop has returned f neither runs nor will.
func onCancel(ctx context.Context, f func()) (stop func()) {
	finished := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() {
		defer close(finished)
		f()
	})
	return func() {
		if !unhook() {
			<-finished
		}
	}
}

func (r *Runtime) configure(options *onnxruntime.SessionOptions, o SessionOptions) error {
	threads := o.Threads
	if threads == 0 {
		threads = r.threads
	}
	level := onnxruntime.GraphOptimizationLevelEnableExtended
	config := map[string]string{
		// Models come as bytes, so paths of external data need a root; real paths are relative to this one.
		"session.model_external_initializers_file_folder_path": "/",
		// Waiting threads spin for 5 ms by default, a fifth of all CPU time in a UNet; the gaps between its operators are shorter.
		"session.intra_op.spin_duration_us": "200",
	}
	switch {
	case r.device.CUDA: // weights are copied to the device anyway
		level = onnxruntime.GraphOptimizationLevelEnableAll
	case o.Level == Packed:
		level = onnxruntime.GraphOptimizationLevelEnableAll
	case o.Level == Stored:
		config["session.disable_prepacking"] = "1"
		// It would fold the conversion of every weight into a float32 copy.
		config["optimization.disable_specified_optimizers"] = "ConstantFolding"
	default:
		config["session.disable_prepacking"] = "1"
	}
	for key, value := range o.Config {
		config[key] = value
	}
	err := errors.Join(
		options.SetGraphOptimizationLevel(onnxruntime.GraphOptimizationLevel(level)),
		options.SetIntraOpNumThreads(threads),
		options.SetInterOpNumThreads(1),
		// A pattern is one block for all activations of a shape, on top of the blocks that the first run took: 1.5 times the memory.
		options.SetMemPattern(false),
		options.SetLogSeverityLevel(onnxruntime.LoggingLevelFatal),
	)
	for key, value := range config {
		if e := options.AddSessionConfigEntry(key, value); e != nil {
			err = errors.Join(err, fmt.Errorf("%s=%s: %w", key, strconv.Quote(value), e))
		}
	}
	if o.Profile != "" {
		err = errors.Join(err, options.EnableProfiling(o.Profile))
	}
	if err == nil && r.device.CUDA {
		err = appendCUDA(options, r.device, r.cuda)
	}
	return err
}

// Device is where the session runs.
func (s *Session) Device() Device { return s.runtime.device }

// Inputs are the values a run must be given.
func (s *Session) Inputs() []Port { return s.signature.inputs }

// Outputs are the values a run can give.
func (s *Session) Outputs() []Port { return s.signature.outputs }

// Bytes estimates the memory that the weights hold while the session lives, for a cache bounded by bytes. Everything
// counts as float32, also mapped weights, though the system may drop their pages; Stored ones, and those on a GPU, count as they are.
func (s *Session) Bytes() int64 {
	if s.options.Level == Stored || s.runtime.device.CUDA {
		return s.signature.weights.stored
	}
	return s.signature.weights.float32 + s.derived
}

// Close frees the session after the runs that are under way. A second call does nothing.
func (s *Session) Close() error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	defer s.weights.free()
	for _, value := range s.fed.values {
		s.runtime.api.release(handle{value: value})
	}
	s.pin.Unpin()
	s.names.free()
	return s.session.Destroy()
}

func names(ports []Port) []string {
	out := make([]string, len(ports))
	for i, p := range ports {
		out[i] = p.Name
	}
	return out
}
