package sampling

// SamplerName names a sampler with its usual options.
type SamplerName string
