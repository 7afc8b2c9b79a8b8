/*
 * A server of interop.x made of libtirpc and the C rpcgen's output. It listens at free ports of
 * 127.0.0.1, prints them and serves until it is killed. It registers nowhere.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interop.h"

/* The dispatch functions of the generated interop_svcm.c. */
void interop_prog_1(struct svc_req *, SVCXPRT *);
void interop_prog_3(struct svc_req *, SVCXPRT *);

bool_t add_1_svc(int a, int b, int *result, struct svc_req *request)
{
	*result = a + b;
	return TRUE;
}

/* The result shares the memory of the argument, which is freed after the reply is sent. */
bool_t echo_1_svc(everything value, everything *result, struct svc_req *request)
{
	*result = value;
	return TRUE;
}

bool_t reverse_1_svc(blob bytes, blob *result, struct svc_req *request)
{
	for (u_int i = 0; i < bytes.blob_len / 2; i++) {
		char byte = bytes.blob_val[i];
		bytes.blob_val[i] = bytes.blob_val[bytes.blob_len - 1 - i];
		bytes.blob_val[bytes.blob_len - 1 - i] = byte;
	}
	*result = bytes;
	return TRUE;
}

bool_t nothing_1_svc(void *result, struct svc_req *request)
{
	return TRUE;
}

bool_t whoami_1_svc(caller *result, struct svc_req *request)
{
	static char machine[256];
	struct authunix_parms *claim = (struct authunix_parms *)request->rq_clntcred;

	if (request->rq_cred.oa_flavor != AUTH_UNIX) {
		svcerr_weakauth(request->rq_xprt);
		return FALSE;
	}
	result->uid = claim->aup_uid;
	result->gid = claim->aup_gid;
	snprintf(machine, sizeof machine, "%s", claim->aup_machname);
	result->machine = machine;
	return TRUE;
}

bool_t add_3_svc(int a, int b, int c, int *result, struct svc_req *request)
{
	*result = a + b + c;
	return TRUE;
}

bool_t greet_3_svc(name who, name *result, struct svc_req *request)
{
	static char greeting[NAME_LEN_MAX + 8];

	snprintf(greeting, sizeof greeting, "hello, %s", who);
	*result = greeting;
	return TRUE;
}

/* No result owns memory. */
int interop_prog_1_freeresult(SVCXPRT *transport, xdrproc_t xdr, caddr_t result)
{
	return TRUE;
}

int interop_prog_3_freeresult(SVCXPRT *transport, xdrproc_t xdr, caddr_t result)
{
	return TRUE;
}

/* A socket at a free port, which is printed behind the name of the transport. */
static int bound_socket(int type, const char *transport)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, type, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 16) != 0)) {
		perror(transport);
		exit(1);
	}
	printf("%s %d\n", transport, ntohs(address.sin_port));
	return fd;
}

int main(void)
{
	/* A test that is killed leaves no server behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);

	SVCXPRT *tcp = svctcp_create(bound_socket(SOCK_STREAM, "tcp"), 0, 0);
	SVCXPRT *udp = svcudp_create(bound_socket(SOCK_DGRAM, "udp"));

	/* Protocol 0: do not tell rpcbind. */
	if (!tcp || !udp || !svc_register(tcp, INTEROP_PROG, INTEROP_V1, interop_prog_1, 0) ||
	    !svc_register(tcp, INTEROP_PROG, INTEROP_V3, interop_prog_3, 0) ||
	    !svc_register(udp, INTEROP_PROG, INTEROP_V1, interop_prog_1, 0) ||
	    !svc_register(udp, INTEROP_PROG, INTEROP_V3, interop_prog_3, 0)) {
		fprintf(stderr, "cannot serve\n");
		return 1;
	}
	fflush(stdout);
	svc_run();
	return 1;
}
