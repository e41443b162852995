/* The header of a .npy file (NEP 1; numpy.lib.format):
 *
 *     0x93 "NUMPY", major, minor      versions 1.0, 2.0 and 3.0
 *     length of what follows          16 bits, from version 2 on 32 bits, least significant first
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }    padded by spaces
 */
#ifndef THREADRACK_SRC_DATA_NPY_H
#define THREADRACK_SRC_DATA_NPY_H

#include "array.h"

/* Shapes the array that the file holds; false and a message when it is none that we can read. */
bool npy_read(struct array *array, const struct data_file *file, struct errors *errors);

#endif
