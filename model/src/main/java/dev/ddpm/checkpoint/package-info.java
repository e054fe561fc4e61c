/**
 * The files of a model: tensors in the safetensors format and the self-describing model folder, on
 * any file system behind {@link dev.ddpm.checkpoint.FileStore}.
 */
package dev.ddpm.checkpoint;
