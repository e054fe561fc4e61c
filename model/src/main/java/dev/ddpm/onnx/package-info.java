/**
 * Features of networks that other systems have stored as ONNX files, computed by ONNX Runtime. The
 * library is not part of the job jar: whoever uses it adds it to the class path.
 */
package dev.ddpm.onnx;
