/** Makes the classifier whose features images are compared by. */
package dev.ddpm.spark.classify;
